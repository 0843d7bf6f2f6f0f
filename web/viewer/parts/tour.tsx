import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Change } from '../view.js';

/** A place of the page, and what is to be known of it by somebody who knows diffusion and not this method. */
interface Stop {
  readonly at: string;
  readonly title: string;
  readonly text: string;
  readonly change?: Change;
}

const STOPS: readonly Stop[] = [
  {
    at: '.why',
    title: 'A video in blocks',
    text:
      'An autoregressive model makes a few latent frames at a time: a block, denoised in a few calls that attend to a ' +
      'KV cache of the blocks before it. What goes wrong in one block is cached as well, and comes back in the next. ' +
      'TokenTrim asks of every block whether it moved more than is usual. Here stands what it found for this one.',
    change: { explained: null, sensitivity: null },
  },
  {
    at: '.pics',
    title: 'How far each token went',
    text:
      'A token is a patch of the latent frame. The map says how far each went since the block before, as a distance ' +
      'between latents. The few that went farthest are outlined; their mean is the severity of the block. Walk through ' +
      'the map with the arrow keys.',
  },
  {
    at: '.scroll',
    title: 'What is usual',
    text:
      'A dot is a block, its height the severity. Dashed is the mean of the blocks accepted so far and λ standard ' +
      'deviations: above it a block is not accepted. The first ones are kept whatever they do. An open circle in colour ' +
      'is a try that was not kept.',
  },
  {
    at: '.panel:has(.cache), .nothing',
    title: 'What was removed',
    text:
      'Each square is a frame of the cache, each cell a token. To make a block again, the outlined tokens leave the ' +
      'recent frames, in every layer; nothing else changes, and the noise is the same. So the second try cannot copy ' +
      'from where the first went wrong. It may move less, or more: both happen, and the page says which.',
  },
  {
    at: '.method',
    title: 'Nine steps, nine functions',
    text:
      'The same in formulas: each with the numbers of this block, and the function that computed them. Its code can be ' +
      'opened here.',
    change: { explained: 'trigger' },
  },
  {
    at: '.tools',
    title: 'What if',
    text:
      'With another λ other blocks would have been above. From the first that is decided differently on, the run itself ' +
      'would have been another. Find blocks by a few words on the right.',
    change: { explained: null },
  },
];

interface Props {
  /** The stop that is shown; null where there is no tour. */
  readonly stop: number | null;
  readonly go: (stop: number | null) => void;
  readonly change: (change: Change) => void;
}

/** Six stops through the page. */
export function Tour({ stop, go, change }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const shown = stop === null ? undefined : STOPS[stop];
  // Before the next key: it may be the one that leaves.
  useLayoutEffect(() => {
    if (!shown) return;
    if (shown.change) change(shown.change);
    const place = document.querySelector(shown.at);
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    place?.scrollIntoView({ block: 'center', behavior: isCalm ? 'auto' : 'smooth' });
    place?.classList.add('toured');
    button.current?.focus({ preventScroll: true });
    return () => place?.classList.remove('toured');
  }, [shown, change]);
  if (stop === null || !shown) return null;
  const isLast = stop === STOPS.length - 1;
  const leave = (event: KeyboardEvent) => {
    if (event.key === 'Escape') go(null);
  };
  return (
    <dialog open class="tour" aria-labelledby="tour-title" onKeyDown={leave}>
      <h2 id="tour-title">{shown.title}</h2>
      <p aria-live="polite">{shown.text}</p>
      <p class="actions">
        <span>
          {stop + 1} of {STOPS.length}
        </span>
        {stop > 0 && (
          <button type="button" onClick={() => go(stop - 1)}>
            Back
          </button>
        )}
        <button type="button" onClick={() => go(null)} hidden={isLast}>
          Leave
        </button>
        <button type="button" class="primary" ref={button} onClick={() => go(isLast ? null : stop + 1)}>
          {isLast ? 'Done' : 'Next'}
        </button>
      </p>
    </dialog>
  );
}
