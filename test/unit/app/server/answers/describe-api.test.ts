import { describeApi } from '#src/app/server/answers/describe-api.js';

it('says where a prompt may be, as requests are read', () => {
  expect(describeApi()).toMatchObject({
    components: {
      schemas: { Row: { required: ['image'], properties: { prompt: {} } }, Params: { properties: { prompt: {} } } },
    },
  });
});
