import type { Keys } from './keyboard.js';
import type { BlockFacts } from './logic/facts.js';
import { METHOD_STEPS } from './logic/methodSteps.js';
import { countOf, mostPredictions, picturesOf } from './logic/pictureAt.js';
import type { Change, View } from './view.js';

/** What keys act on. */
export interface Keyed {
  readonly view: View;
  readonly change: (change: Change) => void;
  readonly facts: BlockFacts | undefined;
  readonly all: readonly BlockFacts[];
  readonly isPlaying: boolean;
  readonly play: (isOn: boolean) => void;
  readonly help: () => void;
  readonly compare: () => void;
  readonly theme: () => void;
}

/** The keys of the viewer. */
export function keysOf({ view, change, facts, all, isPlaying, play, help, compare, theme }: Keyed): Keys {
  const index = facts?.index ?? 0;
  const go = (to: number) => {
    const next = all[Math.max(0, Math.min(to, all.length - 1))];
    if (next) change({ block: next.number, attempt: null });
  };
  const turn = (by: number) => {
    const count = facts ? countOf(picturesOf(facts.traced)) : 0;
    if (count === 0) return;
    play(false);
    const here = Math.min(view.picture, count - 1);
    change({ picture: (here + by + count) % count, step: null, block: facts?.number });
  };
  const again = (by: 1 | -1) => {
    const made = all.filter(({ outcome }) => outcome === 'again' || outcome === 'asked' || outcome === 'would');
    const next =
      by > 0
        ? (made.find((each) => each.index > index) ?? made[0])
        : (made.findLast((each) => each.index < index) ?? made.at(-1));
    if (next) go(next.index);
  };
  const call = (by: number) => {
    const calls = mostPredictions(facts?.traced);
    const next = (view.step ?? calls) + by;
    if (next >= 0 && next <= calls) change({ step: next === calls ? null : next });
  };
  const attempt = () => {
    const count = facts?.traced.attempts.length ?? 0;
    if (count < 2) return;
    const next = (view.attempt ?? -1) + 1;
    change({ attempt: next < count ? next : null });
  };
  return {
    ArrowLeft: () => go(index - 1),
    ArrowRight: () => go(index + 1),
    Home: () => go(0),
    End: () => go(all.length - 1),
    ',': () => turn(-1),
    '.': () => turn(1),
    '[': () => call(-1),
    ']': () => call(1),
    a: attempt,
    r: () => again(1),
    'shift+r': () => again(-1),
    ' ': () => play(!isPlaying),
    c: compare,
    d: () => change({ isOver: !view.isOver }),
    t: theme,
    '?': help,
    l: () => document.querySelector<HTMLElement>('[aria-label="Another lambda"]')?.focus(),
    '/': () => document.getElementById('find')?.focus(),
    Escape: () => change({ explained: null, token: null }),
    ...Object.fromEntries(
      METHOD_STEPS.map((step, at) => [
        String(at + 1),
        () => change({ explained: view.explained === step ? null : step }),
      ]),
    ),
  };
}
