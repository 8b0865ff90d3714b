/** The endpoint as OpenAPI 3.1, made from the schemas that check requests. */
import { z } from 'zod';
import { ROW_KEYS, type RowValues } from '../../../run/manifest/rows/row-keys.js';
import { requestKeyNames } from '../requests/request-keys.js';

/** @param modelDefaults override the program's defaults @returns plain JSON */
export const describeApi = (modelDefaults: RowValues = {}): object => {
  const properties = Object.fromEntries(
    requestKeyNames().map((name) => {
      const { $schema: _, ...schema } = z.toJSONSchema(ROW_KEYS[name].schema, { io: 'input' });
      const { default: programDefault, help } = ROW_KEYS[name];
      const value = modelDefaults[name] ?? programDefault;
      const description = name === 'image' ? 'picture to refine: base64, a data: URL, or a public http(s) URL' : help;
      return [name, { ...schema, description, ...(value === null ? {} : { default: value }) }];
    }),
  );
  const { image: _, ...params } = properties;
  return {
    openapi: '3.1.0',
    info: {
      title: 'sdxl-refine',
      version: '1',
      description: 'Refines pictures, with the requests and answers of an Azure ML online endpoint.',
    },
    paths: { '/score': { post: scoreOperation() }, ...PROBES },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'api-key' },
      },
      schemas: {
        Row: {
          type: 'object',
          /* Not the prompt, which may come from `params` or the server's options. */
          required: ['image'],
          properties: { ...properties, params: reference('Params') },
        },
        Params: { type: 'object', properties: params },
        Request: REQUEST,
        Result: RESULT,
        Error: ERROR,
      },
    },
  };
};

const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object): object => ({ content: { 'application/json': { schema } } });

const REQUEST = {
  type: 'object',
  required: ['input_data'],
  properties: {
    input_data: {
      type: 'object',
      required: ['data'],
      properties: {
        columns: { type: 'array', items: { type: 'string' }, description: 'names of the cells of rows that are lists' },
        index: { type: 'array', description: 'one entry per row; its values are ignored' },
        data: { type: 'array', minItems: 1, items: { anyOf: [reference('Row'), { type: 'array' }] } },
      },
    },
    params: { ...reference('Params'), description: 'default settings of the rows' },
  },
};

const RESULT = {
  type: 'array',
  items: {
    type: 'object',
    required: ['prompt', 'generated_image', 'nsfw_content_detected'],
    properties: {
      prompt: { type: 'string', description: 'prompt of the row' },
      generated_image: { type: 'string', contentEncoding: 'base64', description: "a picture file; '' when blocked" },
      nsfw_content_detected: { type: ['boolean', 'null'], description: 'null: not screened' },
    },
  },
};

const ERROR = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' }, row: { type: 'integer' } },
    },
  },
};

const FAILURES = {
  400: 'the request, or a row of it, is wrong',
  401: 'the key is missing or wrong',
  408: 'the request did not arrive in time',
  413: 'the body, a picture or the number of rows is too large',
  415: 'the body is not JSON',
  422: 'the settings lead to NaN or Inf',
  429: 'the queue is full; Retry-After says when to retry',
  503: 'the engine crashed, or the server is stopping or busy; try again',
  504: 'the pictures took longer than the server allows',
};

const scoreOperation = (): object => ({
  summary: 'Refine pictures',
  security: [{ bearer: [] }, { apiKey: [] }, {}],
  requestBody: { required: true, ...json(reference('Request')) },
  responses: {
    200: {
      description:
        'one result for each row; with Accept: text/event-stream, events accepted, step …, then result or error',
      content: {
        'application/json': { schema: reference('Result') },
        'text/event-stream': { schema: { type: 'string' } },
      },
    },
    ...Object.fromEntries(
      Object.entries(FAILURES).map(([status, description]) => [status, { description, ...json(reference('Error')) }]),
    ),
  },
});

const probe = (summary: string, statuses: readonly number[]): object => ({
  get: { summary, responses: Object.fromEntries(statuses.map((status) => [status, { description: summary }])) },
});

const PROBES = {
  '/': probe('The server lives; a page for browsers', [200]),
  '/ready': probe('The model has run and works', [200, 503]),
  '/metrics': probe('Metrics for Prometheus', [200]),
  '/swagger.json': probe('This description', [200]),
};
