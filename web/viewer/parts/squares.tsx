import type { Run } from '../data/run.js';
import { useDrift } from '../hooks.js';
import { outline } from '../logic/outline.js';
import type { DriftSquare, PictureSquare, Square } from '../logic/squares.js';
import { DriftMap, lineOf } from './driftMap.jsx';
import { Picture } from './picture.jsx';
import { type TokenChoice, TokenSurface } from './tokenSurface.jsx';

interface Props {
  readonly run: Run;
  readonly choice: TokenChoice;
  readonly words: (token: number) => string;
  /** The drift of the fullest colour. */
  readonly top: number;
  readonly isOver: boolean;
}

/** The squares of a story, side by side. */
export function Squares({
  squares,
  ...props
}: Props & { readonly squares: readonly (Square & { readonly run?: Run })[] }) {
  const video = props.run.trace.begin?.video;
  const { width, height } = video?.pictures ?? video?.grid ?? { width: 1, height: 1 };
  return (
    <div class={squares.length > 1 ? 'pics' : 'pics one'} style={`--aspect:${width}/${height}`}>
      {squares.map((square) => {
        const { run = props.run } = square;
        return (
          <figure key={`${square.title} ${square.text.startsWith('kept')} ${run.name}`}>
            {square.kind === 'picture' ? (
              <Shown {...props} run={run} square={square} />
            ) : (
              <Moved {...props} run={run} square={square} />
            )}
            <figcaption>
              <b>{square.title}</b>
              {square.text}
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}

function Shown({ run, choice, square }: Props & { readonly square: PictureSquare }) {
  const { grid, token } = choice;
  const { picture, outlined, title, text } = square;
  const path = outline(outlined, grid);
  return (
    <div class="pic">
      {picture ? (
        <Picture files={run.files} picture={picture} label={`${title}, ${text}: picture`} />
      ) : (
        <p class="blank">no picture</p>
      )}
      <svg class="map" viewBox={`0 0 ${grid.width} ${grid.height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} class="under" stroke-width={lineOf(grid) * 1.7} />
        <path d={path} class="ring" stroke-width={lineOf(grid)} />
        {token !== null && <path d={outline([token], grid)} class="mark" stroke-width={lineOf(grid)} />}
      </svg>
    </div>
  );
}

function Moved({ run, choice, words, top, isOver, square }: Props & { readonly square: DriftSquare }) {
  const drift = useDrift(run, square.attempt.review);
  const lies = isOver && square.picture !== null;
  return (
    <div class="pic heat">
      <TokenSurface choice={choice} words={words} label={`${square.title}, ${square.text}`}>
        {lies && <Picture files={run.files} picture={square.picture} label="what the map is of" />}
        <DriftMap
          drift={drift}
          grid={choice.grid}
          top={top}
          outlined={drift ? square.outlined : []}
          token={choice.token}
          isOver={lies}
        />
      </TokenSurface>
      {!drift && <p class="blank">the map is not there</p>}
    </div>
  );
}
