import { ensure } from '../errors.js';
import { toFloat32 } from '../weights/convert.js';
import { quote, quoteSome } from '../weights/quote.js';
import { isFloat } from '../weights/storedType.js';
import type { TensorSource } from '../weights/tensorSource.js';

/** Channels of Wan2.1's latents. */
const WAN_CHANNELS = 16;

export const LATENT_ORDERS = ['frames-first', 'channels-first'] as const;
export type LatentOrder = (typeof LATENT_ORDERS)[number];

export interface LatentsRequest {
  /** The tensor's name; needed where several could be latents. */
  readonly tensor?: string;
  /** Which of the two first axes has so many is that of the channels (default: 16). */
  readonly channels?: number;
  /** Which of the two comes first; needed where they are equally long. */
  readonly order?: LatentOrder;
}

/** Latents of a video, in whatever order the file has them. */
export interface FileLatents {
  readonly name: string;
  readonly frames: number;
  /** [channels, height, width] of a frame. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** [count, channels, height, width] from frame `first` on. */
  block(first: number, count: number): Float32Array;
}

/**
 * Reads the latents of a video of any pipeline: [frames, channels, height, width] or [channels, frames, height, width], with
 * or without a batch of one before it, in any type of floats.
 * @throws TokenTrimError where it cannot be told which tensor, or which axis, is meant
 */
export async function readLatents(source: TensorSource, request: LatentsRequest = {}): Promise<FileLatents> {
  const { label } = source;
  const name = chooseTensor(source, request.tensor);
  const { shape, dtype } = source.info(name);
  const at = `${label}: tensor ${quote(name)} [${shape.join(', ')}]`;
  const isFive = shape.length === 5;
  ensure(shape.length === 4 || isFive, `${at}: latents have 4 axes, or 5 with a batch, found ${shape.length}.`);
  ensure(isFloat(dtype), `${at}: latents are floats, found ${dtype}.`);
  ensure(
    !isFive || shape[0] === 1,
    `${at}: expected a batch of one video, found ${shape[0]}. Save one of them by itself.`,
  );
  ensure(!shape.includes(0), `${at}: it is empty.`);
  const [first, second, height, width] = shape.slice(-4);
  const isOwn = source.metadata.get('writer') === 'tokentrim'; // which writes frames first
  const order = request.order ?? (isOwn ? 'frames-first' : findOrder(at, first, second, request.channels));
  const [frames, channels] = order === 'frames-first' ? [first, second] : [second, first];
  const { channels: expected = channels } = request;
  ensure(
    channels === expected,
    `${at}: \`channels\` says ${expected}, and ${order} it has ${channels}. Leave one of them out.`,
  );
  const values = toFloat32(await source.read(name), dtype);
  const area = height * width;
  return {
    name,
    frames,
    shape: [channels, height, width],
    block(from, count) {
      if (order === 'frames-first') return values.subarray(from * channels * area, (from + count) * channels * area);
      const block = new Float32Array(count * channels * area);
      for (let frame = 0; frame < count; frame++) {
        for (let channel = 0; channel < channels; channel++) {
          const start = (channel * frames + from + frame) * area;
          block.set(values.subarray(start, start + area), (frame * channels + channel) * area);
        }
      }
      return block;
    },
  };
}

/** The tensor that is named, or the only one that could be meant. */
function chooseTensor(source: TensorSource, named: string | undefined): string {
  const { label } = source;
  if (named !== undefined) {
    ensure(
      source.has(named),
      () => `${label}: there is no tensor ${quote(named)}; it has ${quoteSome(source.names())}.`,
    );
    return named;
  }
  const fitting = source.names().filter((name) => {
    const { shape, dtype } = source.info(name);
    return (shape.length === 4 || shape.length === 5) && isFloat(dtype);
  });
  ensure(
    fitting.length > 0,
    () =>
      `${label}: expected latents, a tensor of floats with 4 or 5 axes, found none among ` +
      `${
        source
          .names()
          .slice(0, 5)
          .map((name) => `${quote(name)} [${source.info(name).shape.join(', ')}]`)
          .join(', ') || 'nothing'
      }.`,
  );
  ensure(
    fitting.length === 1,
    () => `${label}: ${fitting.length} tensors could be latents: ${quoteSome(fitting)}. Say which with \`tensor\`.`,
  );
  return fitting[0];
}

/** Which axis has the channels, where their number tells. */
function findOrder(at: string, first: number, second: number, channels = WAN_CHANNELS): LatentOrder {
  ensure(
    first === channels || second === channels,
    `${at}: neither of the axes before height and width has ${channels} channels, found ${first} and ${second}. ` +
      'Say how many channels there are with `channels`.',
  );
  ensure(
    first !== second,
    `${at}: it has ${first} frames and ${first} channels, and does not show which come first. ` +
      'Say so with `order`: channels-first as most pipelines have it, or frames-first.',
  );
  return first === channels ? 'channels-first' : 'frames-first';
}
