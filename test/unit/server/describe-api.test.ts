import { describeApi } from '#src/server/describe-api.js';

it('says where a prompt may be, as requests are read', () => {
  expect(describeApi()).toMatchObject({
    components: {
      schemas: { Row: { required: ['image'], properties: { prompt: {} } }, Params: { properties: { prompt: {} } } },
    },
  });
});
