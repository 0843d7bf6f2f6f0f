import type { BeginEvent } from '../../../src/trace/format.js';
import { plural } from './sentence.js';

const METHODS: Readonly<Record<string, string>> = {
  'self-forcing': 'Self Forcing',
  'rolling-forcing': 'Rolling Forcing',
  wan: 'Wan2.1, all at once',
  latents: 'latents of another program',
};

const POLICIES: Readonly<Record<string, string>> = {
  adaptive: ' · adaptive pruning',
  placebo: ' · a control: tokens at random',
  regenerate: ' · a control: nothing is pruned',
};

/** Where FlowMo acts, which is seen in those blocks alone. */
function flowmoOf({ plan, video }: BeginEvent): string {
  const flowmo = plan?.flowmo;
  if (!flowmo) return '';
  if (video.method === 'wan') return ' · FlowMo';
  return flowmo.blocks === 'every-block' ? ' · FlowMo in every block' : ' · FlowMo in the first block';
}

/** A run in a line. */
export function introOf(begin: BeginEvent | undefined): string {
  if (!begin) return '';
  const { title, model, method, seed, pictures, blocks, given, trim } = begin.video;
  const what = [model, METHODS[method] ?? method, seed === null ? undefined : `seed ${seed}`]
    .filter(Boolean)
    .join(', ');
  const size = `${pictures ? `${plural(pictures.count, 'picture')} in ` : ''}${plural(given + blocks, 'block')}`;
  const off = trim === false && method !== 'wan' ? ' · TokenTrim off' : '';
  const isMeasured = typeof trim === 'object' && trim.maxRegenerations === 0;
  const policy = isMeasured ? ' · no new tries' : typeof trim === 'object' ? (POLICIES[trim.policy] ?? '') : '';
  return `${method === 'latents' ? title : `“${title}”`} · ${what} · ${size}${off}${policy}${flowmoOf(begin)}`;
}

/** Prompts over time: the one that holds at a latent frame, where there are several. */
export function promptAt(begin: BeginEvent | undefined, frame: number | null): string | undefined {
  const prompts = begin?.plan?.prompts ?? [];
  if (prompts.length < 2 || frame === null) return undefined;
  return prompts.findLast(({ firstFrame }) => firstFrame <= frame)?.prompt;
}
