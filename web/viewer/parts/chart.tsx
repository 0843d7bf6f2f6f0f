import type { BlockFacts } from '../logic/facts.js';
import type { Columns, Scale } from '../logic/scale.js';
import { digitsApart, short } from '../logic/sentence.js';
import { limitWith } from '../logic/whatIf.js';

/** What a chart is drawn of: the columns in sight, and what is marked in them. */
export interface ChartProps {
  readonly all: readonly BlockFacts[];
  readonly other: readonly BlockFacts[] | null;
  readonly names: readonly [string, string];
  readonly range: readonly [from: number, until: number];
  readonly columns: Columns;
  readonly scale: Scale;
  readonly height: number;
  readonly selected: number | undefined;
  /** Another lambda's threshold, and the blocks that it would have named. */
  readonly sensitivity: number | null;
  readonly would: ReadonlySet<number>;
  readonly found: ReadonlySet<number>;
  readonly warmup: number;
  readonly choose: (index: number) => void;
}

/** Pixels that a number needs. */
const LABEL = 40;
/** Pixels that a limit's number needs, which lies beyond the chart. */
const LIMIT_LABEL = 64;

/** The severity of each block beside its threshold, of the part of a run that is in sight. */
export function Chart(props: ChartProps) {
  const { all, other, range, columns, scale, height, selected, sensitivity } = props;
  const [from, until] = range;
  const { pitch } = columns;
  const { base, y } = scale;
  const x = (index: number) => (index + 0.5) * pitch;
  const near = (facts: BlockFacts) => facts.index >= from - 1 && facts.index <= until;
  const shown = all.filter(near);
  const limited = shown.filter(({ threshold, outcome }) => threshold !== null && outcome !== 'warmup');
  const line = (list: readonly BlockFacts[]) => {
    const points = list.filter(near).flatMap(({ index, kept }) => (kept === null ? [] : [`${x(index)} ${y(kept)}`]));
    return points.length > 1 ? `M${points.join('L')}` : '';
  };
  const steps = (limit: (facts: BlockFacts) => number | null) =>
    limited.flatMap((facts, at) => {
      const value = limit(facts);
      return value === null
        ? []
        : [`${at > 0 ? 'L' : 'M'}${x(facts.index) - pitch / 2} ${y(value)}H${x(facts.index) + pitch / 2}`];
    });
  const edge = steps(({ threshold }) => threshold).join('');
  const start = limited.length > 0 ? x(limited[0].index) - pitch / 2 : 0;
  const warm = shown.filter(({ outcome }) => outcome === 'warmup');
  const again = all.filter(({ outcome }) => outcome === 'again' || outcome === 'asked').length;
  return (
    <svg
      width={columns.width}
      height={height}
      role="img"
      aria-label={`Severity of ${all.length} blocks, ${again} of them made again`}
    >
      {edge && <path d={`${edge}V${base}H${start}Z`} class="band" />}
      {edge && <path d={edge} class="limit" />}
      {sensitivity !== null && (
        <path d={steps((facts) => limitWith(facts, sensitivity)).join('')} class="limit other" />
      )}
      {pitch >= LIMIT_LABEL &&
        limited.map(
          ({ index, threshold }) =>
            scale.isBeyond(threshold as number) && (
              <text key={index} x={x(index)} y={16} text-anchor="middle">
                limit {short(threshold as number, 0)}
              </text>
            ),
        )}
      <path d={`M0 ${base}H${columns.width}`} class="axis" />
      {[...props.found]
        .filter((index) => index >= from && index < until)
        .map((index) => (
          <rect key={index} class="found" x={x(index) - pitch / 2} width={pitch} y={base} height={4} />
        ))}
      {selected !== undefined && <rect class="selected" x={x(selected) - pitch / 2} width={pitch} height={base} />}
      {other && <path d={line(other)} class="curve other" />}
      {other
        ?.filter(near)
        .map(
          ({ index, kept }) =>
            kept !== null && (
              <rect key={index} class="dot other" x={x(index) - 3.5} y={y(kept) - 3.5} width={7} height={7} />
            ),
        )}
      <path d={line(all)} class="curve" />
      {shown.map((facts) => (
        <Dot key={facts.index} facts={facts} x={x(facts.index)} {...props} />
      ))}
      {other && <Names {...props} />}
      {limited.length > 0 && (
        <text x={start + 10} y={base - 8}>
          usual
        </text>
      )}
      {warm.length > 0 && (
        <text x={(x(warm[0].index) + x(warm[warm.length - 1].index)) / 2} y={base - 8} text-anchor="middle">
          warm-up
        </text>
      )}
      {shown.map((facts) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the buttons below do the same for keys
        <rect
          key={facts.index}
          class="column"
          x={x(facts.index) - pitch / 2}
          width={pitch}
          height={height}
          onClick={() => props.choose(facts.index)}
        />
      ))}
    </svg>
  );
}

function Dot({
  facts,
  x,
  scale,
  columns,
  selected,
  would,
  other,
}: ChartProps & { readonly facts: BlockFacts; readonly x: number }) {
  const { tries, index, threshold, outcome } = facts;
  if (tries.length === 0) return null;
  const { y } = scale;
  const isWide = columns.pitch >= LABEL;
  const guess = would.has(index) && <path class="guess" d={`M${x} ${y(tries[0]) - 9}l9 9l-9 9l-9-9z`} />;
  if (tries.length === 1) {
    const isOver = outcome === 'would' || outcome === 'again';
    const crossed = threshold !== null && outcome !== 'warmup' && Math.abs(y(tries[0]) - 14 - y(threshold)) < 13;
    return (
      <>
        {guess}
        <circle
          class={outcome === 'warmup' ? 'dot open' : isOver ? 'dot hot' : 'dot'}
          cx={x}
          cy={y(tries[0])}
          r={isWide ? 4 : 3}
        />
        {(isWide || index === selected) && !other && (
          <text class={isOver ? 'halo hot' : 'halo'} x={x} y={y(tries[0]) + (crossed ? 19 : -10)} text-anchor="middle">
            {short(tries[0])}
          </text>
        )}
      </>
    );
  }
  const [low, high] = [Math.min(...tries), Math.max(...tries)];
  const word = (value: number) =>
    index !== selected || columns.pitch < 60
      ? ''
      : value === tries[0]
        ? 'first try '
        : `${tries.length > 2 ? 'last' : 'second'} try `;
  const kept = tries[tries.length - 1];
  const digits = digitsApart(...tries);
  const isEnd = x > columns.width - 110;
  const isStart = x < 110;
  return (
    <>
      {guess}
      <path class="tie" d={`M${x} ${y(low)}V${y(high)}`} />
      {tries.map((value, at) => (
        <circle
          key={at}
          class={at === tries.length - 1 ? 'dot hot' : 'dot hot open'}
          cx={x}
          cy={y(value)}
          r={isWide ? 5.5 : 4}
        />
      ))}
      {(isWide || index === selected) && (
        <>
          <text
            class="halo hot"
            text-anchor={isStart ? 'start' : 'end'}
            x={x + (isStart ? 12 : -12)}
            y={y(high) + (isStart ? -4 : 1)}
          >
            {word(high)}
            {short(high, digits)}
          </text>
          {(columns.pitch >= 60 || index === selected) && high !== low && (
            <text
              class="halo hot"
              text-anchor={isEnd ? 'end' : 'start'}
              x={x + (isEnd ? -12 : 12)}
              y={y(low) + (isEnd ? 14 : 8)}
            >
              {word(low === kept ? kept : low)}
              {short(low, digits)}
            </text>
          )}
        </>
      )}
    </>
  );
}

/** Which line is which run's, at the end of what is in sight. */
function Names({ all, other, names, range, columns, scale }: ChartProps) {
  const until = range[1] < all.length ? range[1] - 1 : all.length; // the last column in sight may be cut
  const beside = (facts: BlockFacts) => other?.find(({ index, kept }) => index === facts.index && kept !== null);
  const isPair = (facts: BlockFacts) => facts.kept !== null && beside(facts) !== undefined;
  const one =
    all.findLast((facts) => facts.index < until && facts.tries.length < 2 && isPair(facts)) ?? all.findLast(isPair);
  const two = one && beside(one);
  if (!one || !two) return null;
  const isAbove = (one.kept as number) >= (two.kept as number);
  const place = (facts: BlockFacts, above: boolean) => ({
    x: Math.min((facts.index + 0.5) * columns.pitch, columns.width - 4),
    y: scale.y(facts.kept as number) + (above ? -11 : 21),
    'text-anchor': facts.index === all.length - 1 ? ('end' as const) : ('middle' as const),
  });
  return (
    <>
      <text class="halo" {...place(two, !isAbove)}>
        {names[1]}
      </text>
      <text class="halo strong" {...place(one, isAbove)}>
        {names[0]}
      </text>
    </>
  );
}
