import { useEffect, useRef, useState } from 'preact/hooks';
import type { BlockFacts } from './logic/facts.js';
import { countOf, picturesOf } from './logic/pictureAt.js';
import type { Change } from './view.js';

/** What is played: where it is, and what there is. */
export interface Playing {
  readonly facts: BlockFacts | undefined;
  readonly all: readonly BlockFacts[];
  readonly picture: number;
  readonly fps: number;
  /** Whether more pictures will come: then its end is waited at, else it begins anew. */
  readonly isGoingOn: boolean;
}

/** Plays a run picture by picture, block by block. */
export function usePlay(
  playing: Playing,
  change: (change: Change) => void,
): readonly [boolean, (isOn: boolean) => void] {
  const [isOn, setOn] = useState(false);
  const latest = useRef(playing);
  latest.current = playing;
  useEffect(() => {
    if (!isOn) return;
    let last = performance.now();
    let frame = requestAnimationFrame(function advance(now) {
      const { fps } = latest.current;
      const passed = Math.floor(((now - last) / 1000) * fps);
      if (passed > 0) {
        last += (passed * 1000) / fps;
        if (passed > fps) last = now; // the page was away
        const next = nextPicture(latest.current);
        if (next) change(next);
      }
      frame = requestAnimationFrame(advance);
    });
    return () => cancelAnimationFrame(frame);
  }, [isOn, change]);
  return [isOn, setOn];
}

/** One picture on; nothing where it has to wait. */
export function nextPicture({ facts, all, picture, isGoingOn }: Playing): Change | null {
  const withPictures = all.filter(({ traced }) => picturesOf(traced).length > 0);
  if (withPictures.length === 0) return null;
  const count = facts ? countOf(picturesOf(facts.traced)) : 0;
  const here = Math.min(picture, count - 1);
  if (here + 1 < count) return { picture: here + 1, block: facts?.number };
  const next = withPictures.find(({ index }) => facts === undefined || index > facts.index);
  if (!next && isGoingOn) return null;
  return { block: (next ?? withPictures[0]).number, picture: 0, attempt: null };
}
