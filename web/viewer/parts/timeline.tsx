import { useEffect, useRef, useState } from 'preact/hooks';
import type { Run } from '../data/run.js';
import { useDrift, useWidth } from '../hooks.js';
import { topOf } from '../logic/chartWords.js';
import { alignedTo, sameBlock } from '../logic/compare.js';
import type { BlockFacts } from '../logic/facts.js';
import { lastPicture } from '../logic/pictureAt.js';
import { columnsOf, scaleOf, scrollTo, visibleColumns } from '../logic/scale.js';
import { canAsk, limitWith } from '../logic/whatIf.js';
import { Chart } from './chart.jsx';
import { DriftMap } from './driftMap.jsx';
import { Overview } from './overview.jsx';
import { Picture } from './picture.jsx';

interface Props {
  readonly run: Run;
  readonly other: Run | null;
  /** Blocks of the whole video: each has its place before it comes. */
  readonly blocks: number;
  readonly selected: number | undefined;
  readonly sensitivity: number | null;
  readonly would: ReadonlySet<number>;
  readonly found: ReadonlySet<number>;
  readonly warmup: number;
  readonly choose: (index: number) => void;
}

/** Least width of a block in pixels; a longer video is scrolled. */
const LEAST_PITCH = 44;

/** The severity chart and a picture of each block: only what is in sight is drawn. */
export function Timeline(props: Props) {
  const { run, other, blocks, selected, sensitivity, choose } = props;
  const [place, room] = useWidth<HTMLElement>();
  const [scroll, setScroll] = useState(0);
  const all = run.facts;
  const beside = other ? alignedTo(all, other.facts) : null;
  const count = Math.max(blocks, all.length, beside?.length ?? 0);
  const columns = columnsOf(count, room, LEAST_PITCH);
  const range = visibleColumns(count, columns, scroll, room);
  const isMeasured =
    all.some(({ tries }) => tries.length > 0) || (beside?.some(({ tries }) => tries.length > 0) ?? false);
  const height = !isMeasured ? 16 : room < 600 ? 184 : other ? 138 : 158;
  const guesses =
    sensitivity === null
      ? []
      : all.filter((facts) => canAsk(facts, props.warmup)).map((facts) => limitWith(facts, sensitivity) as number);
  const others = beside?.flatMap(({ kept }) => (kept === null ? [] : [kept])) ?? [];
  const scale = scaleOf(all, height, others, guesses);
  const isLong = columns.width > room + 1;
  const shownOnce = useRef(-1);
  useEffect(() => {
    const element = place.current;
    if (!element || selected === undefined || room === 0 || shownOnce.current === selected) return;
    shownOnce.current = selected;
    element.scrollLeft = scrollTo(selected, columns, element.scrollLeft, room);
    setScroll(element.scrollLeft);
  });
  const indices = Array.from({ length: Math.max(0, range[1] - range[0]) }, (_, at) => range[0] + at);
  return (
    <>
      {isLong && (
        <Overview
          all={all}
          count={count}
          width={room}
          columns={columns}
          scroll={scroll}
          go={(left) => place.current?.scrollTo({ left })}
        />
      )}
      <section
        class="scroll"
        ref={place}
        tabIndex={isLong ? 0 : undefined}
        aria-label="Blocks of the video"
        onScroll={(event) => setScroll(event.currentTarget.scrollLeft)}
      >
        <Chart
          {...props}
          all={all}
          other={beside}
          names={[run.name, other?.name ?? '']}
          range={range}
          columns={columns}
          scale={scale}
          height={height}
        />
        <div class={other ? 'thumbs two' : 'thumbs'} style={`width:${columns.width}px`}>
          {indices.map((index) => (
            <Thumb
              key={index}
              index={index}
              runs={other ? [run, other] : [run]}
              left={index * columns.pitch}
              width={columns.pitch}
              isCurrent={index === selected}
              choose={choose}
            />
          ))}
        </div>
      </section>
    </>
  );
}

interface ThumbProps {
  readonly index: number;
  readonly runs: readonly Run[];
  readonly left: number;
  readonly width: number;
  readonly isCurrent: boolean;
  readonly choose: (index: number) => void;
}

function Thumb({ index, runs, left, width, isCurrent, choose }: ThumbProps) {
  const facts = runs[0].facts[index] as BlockFacts | undefined;
  const number = facts ? (facts.number < 0 ? 'given' : facts.number) : index;
  const label = facts
    ? `${facts.name}${facts.outcome === 'again' ? ', made again' : ''}`
    : `block ${index}, not there yet`;
  return (
    <button
      type="button"
      class="thumb"
      style={`left:${left}px;width:${width}px`}
      aria-current={isCurrent}
      aria-label={label}
      tabIndex={isCurrent ? 0 : -1}
      disabled={!facts}
      onClick={() => choose(index)}
    >
      {runs.map((run) => {
        const of = facts ? sameBlock(run.facts, facts) : run.facts[index];
        const picture = of ? lastPicture(of.traced).picture : null;
        const video = run.trace.begin?.video;
        const { width: across = 1, height: down = 1 } = video?.pictures ?? video?.grid ?? {};
        return (
          <span key={run.name} class="small" style={`aspect-ratio:${across}/${down}`}>
            {picture && <Picture files={run.files} picture={picture} label="" />}
            {of && !run.trace.begin?.video.pictures && <MiniMap run={run} facts={of} />}
          </span>
        );
      })}
      {number}
    </button>
  );
}

/** What stands for a block that has no pictures: where it moved. */
function MiniMap({ run, facts }: { readonly run: Run; readonly facts: BlockFacts }) {
  const drift = useDrift(run, facts.traced.attempts.at(-1)?.review);
  const grid = run.trace.begin?.video.grid ?? { width: 1, height: 1 };
  return (
    <DriftMap
      drift={drift}
      grid={grid}
      top={topOf(run.facts)}
      outlined={[]}
      token={null}
      isOver={false}
      isWritten={false}
    />
  );
}
