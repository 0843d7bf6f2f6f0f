import { TokenTrimError } from '../../errors.js';
import { KEY_TYPES } from '../../kernels/rows/keyType.js';
import { formatBytes } from '../../weights/quote.js';
import { isBlockwise, type Plan } from './plan.js';
import type { GenerateRequest } from './request.js';

/** What of a request may change so that it takes less memory. */
export type MemoryChange = Pick<
  GenerateRequest,
  'window' | 'width' | 'height' | 'frames' | 'dtype' | 'kvDtype' | 'decode' | 'decoder'
>;

/** What there is to change. */
export interface MemoryChoices {
  readonly plan: Plan;
  /** Whether there is a tiny VAE that could make the pictures. */
  readonly hasTinyVae?: boolean;
  /** What the run takes as it is asked for, and may take. */
  readonly peakBytes: number;
  readonly limitBytes: number;
  /** Pixels that a side is a multiple of. */
  readonly units: { readonly width: number; readonly height: number };
  /** Pictures that a latent frame after the first stands for. */
  readonly temporal: number;
}

/**
 * The options with which a run would fit, the most welcome first, each with what it takes; where no one change is enough,
 * what the smallest run of all takes.
 * @param peakOf the memory of the run with a change
 */
export async function memoryAdvice(
  choices: MemoryChoices,
  peakOf: (change: MemoryChange) => Promise<number>,
): Promise<string> {
  const { limitBytes } = choices;
  const peak = async (change: MemoryChange) => {
    try {
      return await peakOf(change);
    } catch (error) {
      if (error instanceof TokenTrimError) return Number.POSITIVE_INFINITY; // such a run there is not
      throw error;
    }
  };
  const found: string[] = [];
  const ways = [decodes, decoders, windows, lengths, sizes, types].map((changesOf) => changesOf(choices));
  for (const changes of ways) {
    for (const change of changes) {
      const bytes = await peak(change);
      if (bytes > limitBytes) continue;
      found.push(`${inWords(change)} (${formatBytes(bytes)})`);
      break; // the largest that fits
    }
  }
  if (found.length > 0) return `use ${found.join(', or ')}`;
  const smallest: MemoryChange = Object.assign({}, ...ways.map((changes) => changes.at(-1) ?? {}));
  const bytes = await peak(smallest);
  const options = inWords(smallest);
  if (bytes <= limitBytes) return `use ${options} (${formatBytes(bytes)})`;
  const least = Math.min(bytes, choices.peakBytes);
  return `the least that this model can do with is ${formatBytes(least)}${options === '' ? '' : `, with ${options}`}`;
}

function decodes({ plan }: MemoryChoices): MemoryChange[] {
  return plan.decode === 'during' ? [{ decode: 'after' }] : [];
}

function decoders({ plan, hasTinyVae }: MemoryChoices): MemoryChange[] {
  return hasTinyVae && plan.decode !== 'never' && plan.decoder !== 'tiny' ? [{ decoder: 'tiny' }] : [];
}

function windows({ plan }: MemoryChoices): MemoryChange[] {
  if (!isBlockwise(plan)) return [];
  const { framesPerBlock: size, sink, steps, window } = plan;
  const least = sink + size * (plan.preset === 'rolling-forcing' ? steps.length : 1);
  const tried = [0.75, 0.5, 0.25, 0].map((share) => Math.max(least, Math.floor((window * share) / size) * size));
  return [...new Set(tried)].filter((smaller) => smaller < window).map((smaller) => ({ window: smaller }));
}

/** The bidirectional model makes all frames at once: fewer of them take less. */
function lengths({ plan, temporal }: MemoryChoices): MemoryChange[] {
  if (isBlockwise(plan)) return [];
  const changes: MemoryChange[] = [];
  for (let latents = Math.floor(plan.frames / 2); latents >= 1; latents = Math.floor(latents / 2)) {
    changes.push({ frames: 1 + (latents - 1) * temporal });
  }
  return changes;
}

/** Sizes of about the same proportions: the one that would fit if memory grew with the area, then always half of it. */
function sizes({ plan, units, peakBytes, limitBytes }: MemoryChoices): MemoryChange[] {
  const changes: MemoryChange[] = [];
  const { width, height } = plan.pixel;
  const scaled = (side: number, unit: number, scale: number) => Math.max(1, Math.floor((side * scale) / unit)) * unit;
  for (let scale = Math.sqrt(limitBytes / peakBytes); ; scale /= 2) {
    const change = { width: scaled(width, units.width, scale), height: scaled(height, units.height, scale) };
    if (change.width < width || change.height < height) changes.push(change);
    if (change.width === units.width && change.height === units.height) return changes;
  }
}

function types({ plan }: MemoryChoices): MemoryChange[] {
  const { keys, ...weights } = plan.types;
  const narrower = KEY_TYPES.slice(keys === 'f32' ? KEY_TYPES.indexOf('f16') : KEY_TYPES.indexOf('i8'));
  const keyTypes = isBlockwise(plan) && keys !== 'i8' ? narrower.map((kvDtype) => ({ kvDtype })) : [];
  return [...keyTypes, ...(Object.values(weights).includes('f32') ? [{ dtype: 'bf16' as const }] : [])];
}

function inWords(change: MemoryChange): string {
  return Object.entries(change)
    .map(([name, value]) => `\`${name}\` ${value}`)
    .join(' ');
}
