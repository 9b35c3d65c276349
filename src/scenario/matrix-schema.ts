/** The shape of a matrix as it is written: values of the workload that are measured beside each other. */
import { z } from 'zod';
import { list, mapping } from './fields.js';
import { loadSchema } from './load-schema.js';
import { workloadSchema } from './workload-schema.js';

/** In the order in which a cell's name tells them. */
export const MATRIX_AXES = [
  'protocol',
  'responseBytes',
  'streamChunks',
  'connections',
  'connectionPerRequest',
  'slowClients',
  'rate',
] as const;

export type MatrixAxis = (typeof MATRIX_AXES)[number];

const MOST_VALUES = 16;
const MOST_EXCLUSIONS = 64;
export const MATRIX_EXAMPLE = '{responseBytes: [1KiB, 64KiB], connections: [4, 64]}';

/** For axes of things that a workload may be without. */
const none = z.literal('none', { error: 'must be `none`' });
const fields = {
  protocol: workloadSchema.shape.protocol.unwrap(),
  responseBytes: workloadSchema.shape.responseBytes.unwrap(),
  streamChunks: z.union([none, workloadSchema.shape.streamChunks.unwrap()], {
    error: 'must be `none` or a whole number from 2 to 10000',
  }),
  connections: workloadSchema.shape.connections.unwrap(),
  connectionPerRequest: workloadSchema.shape.connectionPerRequest.unwrap(),
  slowClients: z.union([none, workloadSchema.shape.slowClients.unwrap()], {
    error: 'must be `none` or a mapping such as `{share: 10%, readRate: 64KiB/s}`',
  }),
  rate: loadSchema.shape.rate.unwrap(),
} as const satisfies Readonly<Record<MatrixAxis, z.ZodType>>;

const axis = <T extends z.ZodType>(field: T, example: string, what: string) =>
  list(field, MOST_VALUES, example).optional().describe(what);

export const matrixSchema = mapping(
  {
    protocol: axis(fields.protocol, '[http1, h2]', 'What client and service speak.'),
    responseBytes: axis(fields.responseBytes, '[1KiB, 64KiB]', 'Sizes of response bodies.'),
    streamChunks: axis(fields.streamChunks, '[none, 16]', 'Pieces that answers come in; `none` for one.'),
    connections: axis(fields.connections, '[4, 64]', 'Client connections to each variant.'),
    connectionPerRequest: axis(
      fields.connectionPerRequest,
      '[false, true]',
      'Whether each request has a new connection.',
    ),
    slowClients: axis(
      fields.slowClients,
      '[none, {share: 10%, readRate: 64KiB/s}]',
      'Connections that read slowly; `none` for none.',
    ),
    rate: axis(fields.rate, '[200/s, 800/s]', 'Requests per second of the open model.'),
    exclude: list(
      mapping(
        {
          protocol: fields.protocol.optional(),
          responseBytes: fields.responseBytes.optional(),
          streamChunks: fields.streamChunks.optional(),
          connections: fields.connections.optional(),
          connectionPerRequest: fields.connectionPerRequest.optional(),
          slowClients: fields.slowClients.optional(),
          rate: fields.rate.optional(),
        },
        '{responseBytes: 64KiB, connections: 64}',
      ),
      MOST_EXCLUSIONS,
      '[{responseBytes: 64KiB, connections: 64}]',
    )
      .optional()
      .describe('Combinations that are left out: all cells that have every value named.'),
  },
  MATRIX_EXAMPLE,
);

export type WrittenMatrix = z.output<typeof matrixSchema>;
