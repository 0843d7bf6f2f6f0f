import type { TensorRef } from '../../../src/trace/format.js';
import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import type { Run } from '../data/run.js';
import { useTensor } from '../hooks.js';
import type { BlockFacts } from '../logic/facts.js';
import { motionWords, shownMotion } from '../logic/motionWords.js';
import { DriftMap } from './driftMap.jsx';
import { Source } from './source.jsx';

interface PanelProps {
  readonly run: Run;
  readonly facts: BlockFacts;
  readonly attempt: TracedAttempt | undefined;
  /** The call that is looked at; null for what came of all. */
  readonly step: number | null;
}

/** What FlowMo measured of an attempt at a block and did to it, where it acted. */
export function MotionPanel({ run, facts, attempt, step }: PanelProps) {
  const motions = attempt?.motions ?? [];
  const call = shownMotion(motions, step);
  const motion = motions.at(call);
  if (!motion) return null;
  const { before, after } = motion.maps;
  return (
    <section class="panel" aria-labelledby="motion-title">
      <h2 id="motion-title">
        How evenly {facts.name} moves <small>FlowMo’s measure of the flow, one cell a latent pixel</small>
      </h2>
      <p>{motionWords(motion, call, motions.length)}</p>
      <div class="motion">
        <MotionMap run={run} of={before} top={motion.before} title="before its step" />
        {after && <MotionMap run={run} of={after} top={motion.before} title="after" />}
      </div>
      <Source name="guidedFlow" file="src/pipelines/flowmo.ts" />
    </section>
  );
}

interface MapProps {
  readonly run: Run;
  readonly of: TensorRef;
  readonly top: number;
  readonly title: string;
}

function MotionMap({ run, of, top, title }: MapProps) {
  const tensor = useTensor(run, of);
  const [height = 1, width = 1] = tensor?.shape ?? [];
  return (
    <figure>
      <div class="pic heat" style={`--aspect:${width}/${height}`}>
        <DriftMap
          drift={tensor?.values}
          grid={{ width, height }}
          top={Math.max(top, 1e-12)}
          outlined={[]}
          token={null}
          isOver={false}
          isWritten={false}
        />
        {!tensor && <p class="blank">the map is not there</p>}
      </div>
      <figcaption>{title}</figcaption>
    </figure>
  );
}
