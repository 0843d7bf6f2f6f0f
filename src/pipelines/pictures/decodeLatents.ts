import { toPixels } from '../../kernels/layout/toPixels.js';
import type { WeightType } from '../../models/wan/loadTensors.js';
import { DECODERS, type DecoderName, type Model } from '../../models/wan/model.js';
import type { PictureStream } from '../../models/wan/vae/pictureStream.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { callback, oneOf } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import { areFinite, blockNotFinite, notFiniteError } from '../../tensor/notFinite.js';
import { FLOAT_TYPES, type Tensor } from '../../tensor/tensor.js';
import type { HeldWeights } from '../heldWeights.js';
import { vaeTypeOf, weightTypes } from '../plan/weightTypes.js';
import { chooseDecoder } from './chooseDecoder.js';
import { openPictureStream, type VaeChoice } from './openVae.js';

/** A picture: rgba [height, width, 4], sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** The last byte of a pixel: `toPixels` leaves it out of one that is not made of numbers. */
const OPAQUE = 0xff000000;

/**
 * Decoded frames [frames, height, width, 3] of a block as pictures; frees them.
 * @throws TokenTrimError where they hold NaN or infinity
 */
export async function readPictures(decoded: Tensor, block?: number): Promise<Picture[]> {
  const { device } = decoded;
  const [frames, height, width] = decoded.shape;
  const packed = device.scope(() => toPixels(decoded)); // [frames, height, width]
  decoded.dispose();
  const words = await device.readIndices(packed);
  packed.dispose();
  if (device.kind !== 'planning' && words.some((word) => word < OPAQUE)) {
    const whose = block === undefined ? 'the latents' : `block ${block}`;
    throw notFiniteError(`The pictures that the VAE made of ${whose} hold NaN or infinity`);
  }
  const size = height * width;
  return Array.from({ length: frames }, (_, index) => {
    const pixels = words.slice(index * size, (index + 1) * size);
    return { width, height, rgba: new Uint8Array(pixels.buffer) };
  });
}

/** Which of a video's pictures are asked for: `count` of them, after `hidden`, but for the first `done` of these. */
export interface ShownPictures {
  readonly hidden: number;
  readonly count: number;
  readonly done?: number;
}

/** @param first how many came before */
function shownOf(made: readonly Picture[], first: number, { hidden, count, done = 0 }: ShownPictures): Picture[] {
  const placeOf = (picture: number) => Math.min(Math.max(picture - first, 0), made.length);
  return made.slice(placeOf(hidden + done), placeOf(hidden + count));
}

/** A decoder as a rollout uses it. */
export interface BlockDecoder {
  /**
   * The pictures of a block's latents [frames, channels, height, width] as they are made, those left out that are not asked
   * for. Blocks of which neither these nor later ones depend on anything are not decoded.
   * @throws TokenTrimError where latents or pictures hold NaN or infinity
   */
  decode(latents: Tensor, block?: number): AsyncGenerator<Picture[]>;
  /** One that goes on from here apart from this one, over the same weights: for pictures of a try that is not kept. */
  fork(): BlockDecoder;
  dispose(): void;
}

/** Loads the decoder for one video; where weights are held, it is one more stream over those. */
export async function openDecoder(
  device: Device,
  model: Pick<Model, 'vae' | 'tinyVae' | 'config'>,
  choice: VaeChoice,
  shown: ShownPictures,
  onTensor?: () => void,
  held?: HeldWeights,
): Promise<BlockDecoder> {
  const load = () => openPictureStream(device, model, choice, onTensor);
  const kept = await held?.part(`decoder ${JSON.stringify(choice)}`, load, (stream) => stream.dispose());
  return blockDecoder(kept ? kept.fork() : await load(), shown, vaeFactors(model.config.vae).temporal, 0, 0);
}

/**
 * @param temporal pictures of a latent frame after the first
 * @param passed latent frames that came so far
 * @param made pictures of theirs
 */
function blockDecoder(
  stream: PictureStream,
  shown: ShownPictures,
  temporal: number,
  passed: number,
  made: number,
): BlockDecoder {
  const firstAsked = Math.ceil((shown.hidden + (shown.done ?? 0)) / temporal); // the latent frame of the first picture
  return {
    async *decode(latents, block) {
      passed += latents.shape[0];
      if (passed <= firstAsked - stream.memory) {
        made = temporal * passed; // a stream that begins there makes one picture of its first frame, the last of these
        return;
      }
      // A shader may lose a NaN on the way, in an exponential or on the way to f16: latents are looked at themselves.
      const checked = latents.device.read(latents).then((values) => {
        if (!areFinite(values)) throw blockNotFinite(block);
      });
      checked.catch(() => undefined); // the decoder may fail first
      let reading: Promise<Picture[]> | undefined; // while the device decodes the frames after those that are read
      for (const decoded of stream.decode(latents)) {
        const first = made;
        made += decoded.shape[0];
        const next = Promise.all([readPictures(decoded, block), checked]).then(([pictures]) =>
          shownOf(pictures, first, shown),
        );
        next.catch(() => undefined); // it may fail while the one before is awaited, or be left alone by who stops early
        if (reading) yield await reading;
        reading = next;
      }
      if (reading) yield await reading;
    },
    fork: () => blockDecoder(stream.fork(), shown, temporal, passed, made),
    dispose: () => stream.dispose(),
  };
}

/** How latents become pictures. */
export interface DecodeOptions {
  /** The model's own VAE or the tiny one; by default the one that a run takes. */
  readonly decoder?: DecoderName;
  /** How the decoder's matrices are held; by default as the checkpoint has them. */
  readonly dtype?: WeightType;
  /** Called before each tensor of the decoder is read. */
  readonly onTensor?: () => void;
}

const decodeSchema = optionsOf<DecodeOptions>()({
  decoder: oneOf(DECODERS).optional(),
  dtype: oneOf(FLOAT_TYPES).optional(),
  onTensor: callback<() => void>().optional(),
});

/**
 * The pictures of a whole video's latents, as they are made: the VAE's decoder is loaded for this and freed after. Who
 * decodes block by block keeps a stream (`loadVaeDecoder`, `createVaeStream`, or those of a tiny VAE).
 * @param latents [frames, channels, height, width], in the DiT's normalised space; they stay the caller's
 * @returns one picture for the first latent frame, four in all for each later one
 */
export async function* decodeLatents(
  device: Device,
  model: Model,
  latents: Tensor,
  options: DecodeOptions = {},
): AsyncGenerator<Picture> {
  checkOptions('decodeLatents', decodeSchema, options);
  const coder = chooseDecoder(model, options.decoder);
  const type = vaeTypeOf(weightTypes(model, options.dtype), coder);
  const everything = { hidden: 0, count: Number.POSITIVE_INFINITY };
  const decoder = await openDecoder(device, model, { coder, type }, everything, options.onTensor);
  try {
    for await (const pictures of decoder.decode(latents)) yield* pictures;
  } finally {
    decoder.dispose();
  }
}
