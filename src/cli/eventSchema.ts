import * as z from 'zod';
import { blockSchema, REPORT_VERSION } from './reportSchema.js';

// What `generate --progress json` writes on standard error, a line each; docs/generate-events.schema.json is made from it.

const count = z.int().nonnegative();

const common = { seconds: z.number().describe('since the program began') };

const ofBlock = { block: count, done: count, total: count };

export const eventSchema = z.discriminatedUnion('event', [
  z
    .strictObject({
      event: z.literal('start'),
      ...common,
      schema: z.literal(REPORT_VERSION),
      program: z.strictObject({ name: z.string(), version: z.string() }),
    })
    .describe('the first line, unless the command line is wrong'),
  z.strictObject({ event: z.literal('note'), ...common, text: z.string() }).describe('what people are told'),
  z
    .strictObject({
      event: z.literal('measuring'),
      ...common,
      done: count,
      total: count,
      kernel: z.string(),
      type: z.string(),
      size: z.string(),
    })
    .describe('a trial of a kernel, once on a machine'),
  z
    .strictObject({
      event: z.literal('stage'),
      ...common,
      stage: z.enum(['text', 'given', 'weights', 'rollout', 'decode']),
    })
    .describe('a stage begins'),
  z
    .strictObject({ event: z.literal('compile'), ...common, kernels: z.array(z.string()) })
    .describe('kernels that run for the first time now, which the driver may be compiling; none when that is over'),
  z
    .strictObject({ event: z.literal('step'), ...common, ...ofBlock, attempt: count })
    .describe('a denoising call was made; `done` and `total` leave out those of regenerations (`attempt` above 0)'),
  z
    .strictObject({ event: z.literal('block'), ...common, decision: blockSchema, gpuBytes: count })
    .describe('a block joined the video: the same as in `blocks` of --json, and the device memory that is held now'),
  z
    .strictObject({ event: z.literal('frames'), ...common, ...ofBlock })
    .describe('pictures were written: `done` of the `total` of the video'),
  z
    .strictObject({ event: z.literal('done'), ...common, out: z.string().nullable(), frames: count })
    .describe('the last line of a run that finished; `out` is null with --latents-only'),
  z
    .strictObject({ event: z.literal('error'), ...common, message: z.string() })
    .describe('the last line of a run that was interrupted or failed'),
]);

export type RunEvent = z.infer<typeof eventSchema>;
