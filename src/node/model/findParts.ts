import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import { describeOther, whyUnusable } from '../../models/wan/checkpoint/detection.js';
import type { Network } from '../../models/wan/checkpoint/names.js';
import { quote } from '../../weights/quote.js';
import { type FolderListing, listWeights } from './listWeights.js';
import { openWeights } from './openTensorSource.js';

/** The things a model needs. */
export const THINGS = ['transformer', 'vae', 'text-encoder', 'tokenizer'] as const;
export type Thing = (typeof THINGS)[number];

/** The flag that names each of them. */
export const FLAGS = {
  transformer: '--checkpoint',
  vae: '--vae',
  'text-encoder': '--text-encoder',
  tokenizer: '--tokenizer',
} as const satisfies Record<Thing, string>;

/** Which of two transformers in one folder is meant, where one is a training checkpoint and one is plain Wan2.1. */
export type Preference = 'autoregressive' | 'bidirectional';

/** Where things lie, and what stood in the way of finding the others. */
export interface FoundParts {
  readonly paths: ReadonlyMap<Thing, string>;
  /** One line for each weight file that could not be read, or cannot be run. */
  readonly problems: readonly string[];
  /** Whether a text encoder carries a SentencePiece model, which is not the tokenizer that is needed. */
  readonly hasSentencePiece: boolean;
}

/** This program's own layout, and the tokenizer's published places: these names are taken at their word. */
const PLACES: Readonly<Record<Thing, readonly string[]>> = {
  transformer: ['transformer.safetensors', 'transformer.safetensors.index.json'],
  vae: ['vae.safetensors', 'vae.safetensors.index.json'],
  'text-encoder': ['text_encoder.safetensors', 'text_encoder.safetensors.index.json'],
  tokenizer: ['tokenizer.json', 'tokenizer/tokenizer.json', 'google/umt5-xxl/tokenizer.json'],
};

/**
 * Finds the files of `wanted` in a folder of any published layout:
 *
 * 1. at the places of this program's own layout;
 * 2. else anywhere in the folder, by contents, where just one file of the kind can be run;
 * 3. of several transformers, training checkpoints (first those with averaged weights) go before plain ones, or after
 *    them where `prefer` is 'bidirectional'; of several tokenizers, the one at a published place goes first;
 * 4. else it is an error that names the candidates and the flag that decides.
 *
 * @param search.section that the transformer must have
 * @param search.advice what to do about several candidates, where no flag decides
 */
export async function findParts(
  folder: string,
  wanted: ReadonlySet<Thing>,
  { section, prefer = 'autoregressive', advice }: Search = {},
): Promise<FoundParts> {
  const paths = new Map<Thing, string>();
  for (const thing of wanted) {
    for (const place of PLACES[thing]) {
      const path = join(folder, place);
      if (!paths.has(thing) && (await stat(path).catch(() => undefined))) paths.set(thing, path);
    }
  }
  const absent = THINGS.filter((thing) => wanted.has(thing) && !paths.has(thing));
  if (absent.length === 0) return { paths, problems: [], hasSentencePiece: false };

  const listing = await listWeights(folder);
  const { candidates, problems } = await identify(listing, absent);
  for (const thing of absent) {
    const found = thing === 'tokenizer' ? bestTokenizers(listing) : bestCandidates(thing, candidates, prefer, section);
    ensure(found.length <= 1, () => ambiguous(folder, thing, found, advice));
    if (found.length === 1) paths.set(thing, found[0]);
  }
  return { paths, problems, hasSentencePiece: candidates.some((candidate) => candidate.hasSentencePiece) };
}

interface Search {
  readonly section?: string;
  readonly prefer?: Preference;
  readonly advice?: string;
}

interface Candidate {
  readonly part: Network;
  readonly path: string;
  readonly sections: readonly string[];
  readonly hasSentencePiece: boolean;
}

async function identify({ weights }: FolderListing, absent: readonly Thing[]) {
  const candidates: Candidate[] = [];
  const problems: string[] = [];
  for (const path of weights) {
    try {
      const { whole, tensors, sections, detection } = await openWeights(path);
      await whole.close();
      const unusable = whyUnusable(tensors);
      const other = detection.part === 'unknown' ? describeOther(tensors.names()) : undefined;
      if (other) problems.push(`${path} is ${other}`);
      if (detection.part === 'unknown' || detection.part === 'tiny-vae') continue;
      if (!absent.includes(detection.part)) continue;
      const hasSentencePiece = tensors.has('spiece_model');
      if (unusable) problems.push(`${path} is ${unusable}`);
      else candidates.push({ part: detection.part, path, sections, hasSentencePiece });
    } catch (error) {
      if (!(error instanceof TokenTrimError)) throw error;
      problems.push(error.message.split('\n')[0]);
    }
  }
  return { candidates, problems };
}

function bestCandidates(part: Network, all: readonly Candidate[], prefer: Preference, section?: string): string[] {
  const candidates = all.filter((candidate) => candidate.part === part);
  if (part !== 'transformer') return candidates.map(({ path }) => path);
  const rank = ({ sections }: Candidate) => {
    if (section !== undefined) return sections.includes(section) ? 2 : 0;
    if (prefer === 'bidirectional') return sections.length === 0 ? 1 : 0;
    return sections.includes('generator_ema') ? 2 : sections.length > 0 ? 1 : 0;
  };
  const best = Math.max(0, ...candidates.map(rank));
  return candidates.filter((candidate) => rank(candidate) === best).map(({ path }) => path);
}

function bestTokenizers({ tokenizers }: FolderListing): string[] {
  for (const place of PLACES.tokenizer.toReversed()) {
    const there = tokenizers.filter((path) => path.split(/[\\/]/).join('/').endsWith(`/${place}`));
    if (there.length > 0) return there;
  }
  return [];
}

function ambiguous(
  folder: string,
  thing: Thing,
  found: readonly string[],
  advice = `Say which with ${FLAGS[thing]} <file>.`,
): string {
  const candidates = found.map((path) => `\n  ${quote(relative(folder, path))}`).join('');
  const noun = thing === 'tokenizer' ? 'tokenizer' : `set of ${thing} weights`;
  return `${folder}: expected one ${noun}, found ${found.length}:${candidates}\n${advice}`;
}

const NOUNS: Readonly<Record<Thing, string>> = {
  transformer: 'transformer',
  vae: 'VAE',
  'text-encoder': 'text encoder',
  tokenizer: 'tokenizer',
};

const SOURCES: Readonly<Record<Thing, string>> = {
  transformer:
    'checkpoints/self_forcing_dmd.pt of gdhe17/Self-Forcing, checkpoints/rolling_forcing_dmd.pt of TencentARC/RollingForcing, or diffusion_pytorch_model.safetensors of Wan-AI/Wan2.1-T2V-1.3B',
  vae: 'Wan2.1_VAE.pth of Wan-AI/Wan2.1-T2V-1.3B',
  'text-encoder': 'models_t5_umt5-xxl-enc-bf16.pth of Wan-AI/Wan2.1-T2V-1.3B',
  tokenizer: 'google/umt5-xxl/tokenizer.json of Wan-AI/Wan2.1-T2V-1.3B',
};

/** What is missing of a model, what would fill the place, and how to get it: some lines for a person. */
export function describeMissing(
  missing: ReadonlySet<Thing>,
  { problems = [], hasSentencePiece = false }: { problems?: readonly string[]; hasSentencePiece?: boolean } = {},
): string {
  const lines = THINGS.filter((thing) => missing.has(thing)).map(
    (thing) => `  ${NOUNS[thing]}: ${SOURCES[thing]}, or any file of it with ${FLAGS[thing]}`,
  );
  if (missing.has('tokenizer') && hasSentencePiece) {
    lines.push(
      '  (The text encoder carries the SentencePiece model "spiece_model", which is not read: tokenizer.json says the same.)',
    );
  }
  if (problems.length > 0) lines.push('  Found, but not usable:', ...problems.map((problem) => `    ${problem}`));
  return `${lines.join('\n')}\n\`tokentrim download self-forcing\` (or rolling-forcing, or wan) fetches a whole model.`;
}
