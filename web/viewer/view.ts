import { isMethodStep, type MethodStep } from './logic/methodSteps.js';

/** What is looked at: all that a link says. */
export interface View {
  /** The run's place in the list, and that of the one beside it. */
  readonly run: number;
  readonly other: number | null;
  /** A block's number; null for the one that tells most. */
  readonly block: number | null;
  /** An attempt at it; null for the story of all. */
  readonly attempt: number | null;
  /** Which of its pictures. */
  readonly picture: number;
  /** The denoising call whose prediction is shown; null for the finished pictures. */
  readonly step: number | null;
  readonly token: number | null;
  /** Another lambda, to see what it would have done. */
  readonly sensitivity: number | null;
  /** Another p and another warm-up, to the same end. */
  readonly fraction: number | null;
  readonly warmup: number | null;
  readonly explained: MethodStep | null;
  /** What is searched for. */
  readonly words: string;
  /** Whether drift maps lie over the pictures that they are of. */
  readonly isOver: boolean;
}

/** A part of it that changes. */
export type Change = Partial<View>;

export const FIRST_VIEW: View = {
  run: 0,
  other: null,
  block: null,
  attempt: null,
  picture: 6,
  step: null,
  token: null,
  sensitivity: null,
  fraction: null,
  warmup: null,
  explained: null,
  words: '',
  isOver: false,
};

const NUMBERS = {
  block: 'block',
  attempt: 'try',
  picture: 'picture',
  step: 'step',
  token: 'token',
  sensitivity: 'lambda',
  fraction: 'p',
  warmup: 'warmup',
} as const;

/** What of a view stands in an address, after its #; tries count from 1, as in the words of the page. */
export function hashOf(view: View, names: readonly string[]): string {
  const hash = new URLSearchParams();
  if (view.run !== 0 && names[view.run]) hash.set('run', names[view.run]);
  if (view.other !== null && names[view.other]) hash.set('compare', names[view.other]);
  for (const [field, name] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, string][]) {
    const value = view[field];
    if (value === null || value === FIRST_VIEW[field]) continue;
    hash.set(name, String(field === 'attempt' || field === 'step' ? value + 1 : value));
  }
  if (view.explained) hash.set('explain', view.explained);
  if (view.words) hash.set('find', view.words);
  if (view.isOver) hash.set('over', 'picture');
  return hash.toString();
}

/** The view of an address; what it does not understand is passed over. */
export function viewOf(hash: string, names: readonly string[]): View {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const nameAt = (key: string) => {
    const index = names.indexOf(given.get(key) ?? '');
    return index < 0 ? null : index;
  };
  const view: Record<string, unknown> = { ...FIRST_VIEW, run: nameAt('run') ?? 0, other: nameAt('compare') };
  for (const [field, name] of Object.entries(NUMBERS)) {
    const text = given.get(name);
    if (text === null || text.trim() === '') continue;
    const value = Number(text) - (field === 'attempt' || field === 'step' ? 1 : 0);
    const isWhole = Number.isInteger(value) && (value >= 0 || field === 'block');
    const isFit = field === 'sensitivity' ? value >= 0 : field === 'fraction' ? value > 0 && value <= 1 : isWhole;
    if (isFit) view[field] = value;
  }
  const explained = given.get('explain');
  if (isMethodStep(explained)) view.explained = explained;
  view.words = given.get('find') ?? '';
  view.isOver = given.get('over') === 'picture';
  return view as unknown as View;
}
