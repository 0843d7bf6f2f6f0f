import type { ComponentChildren } from 'preact';
import { type Grid, tokenAt } from '../logic/outline.js';

/** A token that is pointed at, or chosen. */
export interface TokenChoice {
  readonly grid: Grid;
  /** The one that is shown everywhere. */
  readonly token: number | null;
  /** Pointed at; null when no longer. */
  readonly point: (token: number | null) => void;
  /** Chosen, until another is. */
  readonly choose: (token: number | null) => void;
}

interface Props {
  readonly choice: TokenChoice;
  /** What a token is, in words: a reader of the screen says it. */
  readonly words: (token: number) => string;
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A map whose tokens are pointed at, or walked through with the arrow keys. */
export function TokenSurface({ choice, words, label, children }: Props) {
  const { grid, token, point, choose } = choice;
  const count = grid.height * grid.width;
  const at = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return tokenAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, grid) ?? null;
  };
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && token !== null) choose(null);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.width, ArrowDown: grid.width }[event.key];
    const edge = { Home: 0, End: count - 1 }[event.key];
    if (by === undefined && edge === undefined) return;
    event.preventDefault(); // the arrows walk here, and not from block to block
    const next = edge ?? (token ?? 0) + (token === null ? 0 : (by as number));
    if (next >= 0 && next < count) choose(next);
  };
  return (
    <div
      class="surface"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={count - 1}
      aria-valuenow={token ?? 0}
      aria-valuetext={words(token ?? 0)}
      onKeyDown={walk}
      onMouseMove={(event) => point(at(event))}
      onMouseLeave={() => point(null)}
      onClick={(event) => choose(at(event))}
    >
      {children}
    </div>
  );
}
