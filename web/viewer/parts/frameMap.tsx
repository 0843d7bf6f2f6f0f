import type { CachedFrame, FrameKind } from '../logic/cacheLayout.js';
import { cells, outline, tokenAt } from '../logic/outline.js';
import type { TokenChoice } from './tokenSurface.jsx';

/** Tokens a row at most that are drawn one by one. */
const MOST_CELLS = 12;

/** A frame of the cache, a cell a token: what was removed is outlined. */
export function FrameMap({
  frame,
  kind,
  choice,
}: {
  readonly frame: CachedFrame;
  readonly kind: FrameKind;
  readonly choice: TokenChoice;
}) {
  const { grid, token, point, choose } = choice;
  const { width, height } = grid;
  const isFine = width > MOST_CELLS;
  const lost = new Set([...frame.removed, ...frame.before]);
  const live = Array.from({ length: width * height }, (_, each) => each).filter((each) => !lost.has(each));
  const at = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return tokenAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, grid) ?? null;
  };
  const thin = width / 52;
  const shape = (tokens: readonly number[]) => (isFine ? outline(tokens, grid) : cells(tokens, grid, 0.22));
  return (
    <svg
      class={`frame ${kind} ${frame.isSeen ? '' : 'unseen'}`}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      onMouseMove={(event) => point(at(event))}
      onMouseLeave={() => point(null)}
      onClick={(event) => choose(at(event))}
    >
      {kind === 'gone' ? (
        <rect
          class="ghost"
          x={thin * 0.7}
          y={thin * 0.7}
          width={width - 1.4 * thin}
          height={height - 1.4 * thin}
          rx={3 * thin}
          stroke-width={1.25 * thin}
          stroke-dasharray={`${3 * thin} ${3 * thin}`}
        />
      ) : isFine && lost.size === 0 ? (
        <rect class="live" width={width} height={height} rx={2 * thin} />
      ) : (
        <path class="live" d={cells(live, grid, isFine ? 0 : 0.08)} />
      )}
      {frame.before.length > 0 && <path class="before" d={shape(frame.before)} stroke-width={1.3 * thin} />}
      {frame.removed.length > 0 && <path class="removed" d={shape(frame.removed)} stroke-width={1.75 * thin} />}
      {token !== null && kind !== 'gone' && <path class="mark" d={outline([token], grid)} stroke-width={1.5 * thin} />}
    </svg>
  );
}
