import { cells, type Grid, outline } from '../logic/outline.js';
import { short } from '../logic/sentence.js';

/** Shades of a map: as many paths draw it, however many tokens it has. */
const SHADES = 24;
/** Tokens a row at most whose numbers are written into them. */
const MOST_WRITTEN = 8;

interface Props {
  readonly drift: Float32Array | undefined;
  readonly grid: Grid;
  /** The drift of the fullest shade. */
  readonly top: number;
  readonly outlined: readonly number[];
  readonly token: number | null;
  /** Whether a picture lies under it. */
  readonly isOver: boolean;
  /** Whether numbers stand in its tokens, where they are few. */
  readonly isWritten?: boolean;
}

/** How far each token moved: the more, the fuller the colour; the unstable set is outlined. */
export function DriftMap({ drift, grid, top, outlined, token, isOver, isWritten = true }: Props) {
  const { width, height } = grid;
  const count = width * height;
  const shadeOf = (value: number) => Math.round(Math.min(1, Math.max(0, value / top)) * SHADES);
  const shades: number[][] = [];
  for (let each = 0; drift && each < count; each++) {
    const shade = shadeOf(drift[each]);
    shades[shade] ??= [];
    shades[shade].push(each);
  }
  const written = isWritten && width <= MOST_WRITTEN ? drift : undefined;
  const gap = count <= 256 && !isOver ? 0.04 : 0;
  return (
    <svg class="map" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {shades.map((tokens, shade) => (
        <path
          key={shade}
          d={cells(tokens, grid, gap)}
          style={`--share:${Math.round((100 * shade) / SHADES)}%`}
          class={isOver ? 'veil' : 'heat'}
        />
      ))}
      {written &&
        Array.from(written, (value, each) => (
          <text
            key={each}
            x={(each % width) + 0.5}
            y={Math.floor(each / width) + 0.57}
            class={`number ${isOver ? 'over' : toneOf(shadeOf(value))} ${outlined.includes(each) ? 'strong' : ''}`}
          >
            {short(value)}
          </text>
        ))}
      {isOver && <path d={outline(outlined, grid)} class="under" stroke-width={lineOf(grid) * 1.7} />}
      <path d={outline(outlined, grid)} class={isOver ? 'ring' : 'line'} stroke-width={lineOf(grid)} />
      {token !== null && token < count && (
        <path d={outline([token], grid)} class="mark" stroke-width={lineOf(grid) * 1.2} />
      )}
    </svg>
  );
}

/** Whether a shade is light or full, which decides the colour of what is written on it. */
function toneOf(shade: number): string {
  const share = shade / SHADES;
  return share > 0.8 ? 'full' : share > 0.55 ? 'half' : 'light';
}

/** A line's width in tokens: the same to the eye in every grid. */
export const lineOf = ({ width }: Grid): number => Math.max(0.05, width / 90);
