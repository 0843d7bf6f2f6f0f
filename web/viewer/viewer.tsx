import { useState } from 'preact/hooks';
import { pairSquares } from './data/pairSquares.js';
import type { Run } from './data/run.js';
import { shownBlock } from './data/shownBlock.js';
import { useDrift, useDrifts, useRuns, useTensor, useView } from './hooks.js';
import { useKeys } from './keyboard.js';
import { measureOf, topOf, whyNothing } from './logic/chartWords.js';
import { compareRuns, compareWords, sameBlock } from './logic/compare.js';
import { capital } from './logic/facts.js';
import { promptAt } from './logic/intro.js';
import { mostPredictions, picturesOf } from './logic/pictureAt.js';
import { search } from './logic/search.js';
import { squaresOf } from './logic/squares.js';
import { tokenWords } from './logic/tokenFacts.js';
import { trimOf } from './logic/trimOf.js';
import { driftRefs, isFirstLeftOut, mapsOf, remeasured, whatIf } from './logic/whatIf.js';
import { limitName, sayOf, titleOf } from './logic/words.js';
import { CachePanel } from './parts/cachePanel.jsx';
import { Controls } from './parts/controls.jsx';
import { FindBox } from './parts/findBox.jsx';
import { Glossary } from './parts/glossary.jsx';
import { compared, Header } from './parts/header.jsx';
import { InsidePanel } from './parts/insidePanel.jsx';
import { KeyHints } from './parts/keyHints.jsx';
import { MethodStrip } from './parts/methodStrip.jsx';
import { MotionPanel } from './parts/motionPanel.jsx';
import { Squares } from './parts/squares.jsx';
import { toggleTheme } from './parts/theme.js';
import { Timeline } from './parts/timeline.jsx';
import { Tour } from './parts/tour.jsx';
import { WhatIfSlider } from './parts/whatIf.jsx';
import { Words } from './parts/words.jsx';
import { usePlay } from './usePlay.js';
import { keysOf } from './viewerKeys.js';

interface Props {
  readonly runs: readonly Run[];
  /** Whether it is part of a page that has a heading and a main element of its own. */
  readonly isPart?: boolean;
}

/** A run, or two beside each other: why each block came out as it did. */
export function Viewer({ runs, isPart = false }: Props) {
  useRuns(runs);
  const [view, change] = useView(runs.map(({ name }) => name));
  const [isHelp, setHelp] = useState(false);
  const [tour, setTour] = useState<number | null>(null);
  const [pointed, point] = useState<number | null>(null);
  const run = runs[view.run] ?? runs[0];
  const other = view.other === null || view.other === view.run ? null : (runs[view.other] ?? null);
  const { begin } = run.trace;
  const all = run.facts;
  const facts = shownBlock(run, view.block);
  const [isPlaying, play] = usePlay(
    { facts, all, picture: view.picture, fps: begin?.video.pictures?.fps ?? 16, isGoingOn: !run.isWhole },
    change,
  );
  const attempts = facts?.traced.attempts ?? [];
  const attempt = attempts.find(({ attempt: each }) => each === view.attempt) ?? attempts.at(-1);
  const drift = useDrift(
    run,
    (attempts.find(({ attempt: each }) => each === (view.attempt ?? 0)) ?? attempts.at(0))?.review,
  );
  const latents = useTensor(run, facts?.traced.accepted?.latents);
  const found = search(view.words, all);
  const drifts = useDrifts(run, driftRefs(all), view.fraction !== null);
  useKeys(
    keysOf({
      view,
      change,
      facts,
      all,
      isPlaying,
      play,
      help: () => setHelp(true),
      compare: () => change(compared(view, runs.length)),
      theme: toggleTheme,
    }),
  );

  const header = (
    <Header
      runs={runs}
      view={view}
      change={change}
      help={() => setHelp(true)}
      tour={() => setTour(0)}
      isPart={isPart}
    />
  );
  const Whole = isPart ? 'div' : 'main';
  const Title = isPart ? 'h2' : 'h1';
  const help = <Glossary isOpen={isHelp} close={() => setHelp(false)} />;
  if (!begin || !facts) {
    return (
      <Whole>
        {header}
        <section class="story" aria-live="polite">
          <div>
            <Title class="title">
              {run.problem && run.isWhole ? 'This cannot be shown' : 'Waiting for the first block'}
            </Title>
            <p class="say">{capital(run.problem ?? '')}</p>
          </div>
        </section>
        {help}
      </Whole>
    );
  }

  const { video } = begin;
  const grid = video.grid;
  const token = pointed ?? view.token;
  const choice = {
    grid,
    token: token !== null && token < grid.height * grid.width ? token : null,
    point,
    choose: (each: number | null) => change({ token: each }),
  };
  const trim = trimOf(video);
  const rule = trim?.policy === 'adaptive' ? undefined : trim; // another trigger has no lambda to turn
  const isAsked = view.sensitivity !== null || view.fraction !== null || view.warmup !== null;
  const asked =
    view.fraction === null ? all : drifts && remeasured(all, view.fraction, mapsOf(drifts), isFirstLeftOut(video));
  const tried =
    isAsked && rule && asked ? whatIf(asked, view.warmup ?? rule.warmup, view.sensitivity ?? rule.sensitivity) : null;
  const comparison = other?.trace.begin ? compareRuns(begin, other.trace.begin, all, other.facts) : null;
  const beside = sameBlock(other?.facts, facts);
  const said = comparison
    ? compareWords(comparison, facts.traced.block, [run.name, other?.name ?? ''], facts, beside)
    : { title: titleOf(facts, video), say: sayOf(facts, video) };
  const prompt = promptAt(begin, facts.firstFrame);
  const canPlay = video.pictures !== null && (!run.isWhole || all.some(({ traced }) => picturesOf(traced).length > 0));
  const words = (each: number) => tokenWords(each, grid, facts, attempt, drift, latents);
  return (
    <Whole>
      {header}
      {run.trace.notes.map((note) => (
        <p key={note} class="note">
          {capital(note)}
        </p>
      ))}
      {run.problem && (
        <p class="problem" role="status">
          {capital(run.problem)}
        </p>
      )}
      {run.trace.end && run.trace.end.status !== 'finished' && (
        <p class="problem">
          The run {run.trace.end.status === 'stopped' ? 'was stopped' : 'failed'} here
          {run.trace.end.message ? `: ${run.trace.end.message}` : '.'}
        </p>
      )}
      <section class="story">
        <div class="why">
          <Title class="title">{said.title}</Title>
          <p class="say" aria-live={isPlaying ? 'off' : 'polite'}>
            <Words sentence={said.say} />
          </p>
          {prompt && <p class="prompt">“{prompt}”</p>}
        </div>
        <Squares
          run={run}
          squares={
            other ? pairSquares(run, other, facts, beside, view) : squaresOf(facts, all[facts.index - 1], view, video)
          }
          choice={choice}
          words={words}
          top={topOf(all)}
          isOver={view.isOver}
        />
      </section>
      <Controls
        canPlay={canPlay}
        isPair={other !== null}
        facts={facts}
        video={video}
        view={view}
        change={change}
        isPlaying={isPlaying}
        play={play}
      />
      <p class="token">
        {all.every(({ tries }) => tries.length === 0)
          ? ''
          : choice.token === null
            ? 'Point at a token, or walk through the map with the arrow keys.'
            : words(choice.token)}
      </p>
      <MotionPanel run={run} facts={facts} attempt={attempt} step={view.step} />
      <InsidePanel run={run} facts={facts} attempt={attempt} choice={choice} />
      <MethodStrip run={run} facts={facts} view={view} change={change} />
      {video.method !== 'wan' && (
        <section class="panel" aria-labelledby="chart-title">
          <h2 id="chart-title">
            How much each block moved <small>{measureOf(trim?.fraction, trim?.check)}</small>
          </h2>
          <div class="tools">
            {rule && (
              <WhatIfSlider
                limit={limitName(video)}
                own={rule}
                tried={view}
                result={tried}
                asked={asked}
                all={all}
                change={change}
              />
            )}
            <FindBox words={view.words} found={found} all={all} here={facts.index} change={change} />
          </div>
          {!all.some(({ tries }) => tries.length > 0) && <p class="nothing">{whyNothing(video, run.isWhole)}</p>}
          <Timeline
            run={run}
            other={other}
            blocks={video.given + video.blocks}
            selected={facts.index}
            sensitivity={rule && view.fraction === null ? view.sensitivity : null}
            would={new Set([...(tried?.more ?? []), ...(tried?.same ?? [])])}
            found={new Set(found ?? [])}
            warmup={trim?.warmup ?? 0}
            choose={(index) => all[index] && change({ block: all[index].number, attempt: null })}
          />
        </section>
      )}
      <CachePanel facts={facts} attempt={attempt} video={video} choice={choice} name={other && run.name} />
      {other?.trace.begin && beside && (
        <CachePanel
          facts={beside}
          attempt={beside.traced.attempts.at(-1)}
          video={other.trace.begin.video}
          choice={choice}
          name={other.name}
        />
      )}
      <KeyHints
        has={{
          blocks: all.length > 1,
          pictures: canPlay,
          calls: all.some(({ traced }) => mostPredictions(traced) > 0),
          again: all.some(({ outcome }) => outcome === 'again' || outcome === 'asked'),
          comparison: runs.length > 1,
          find: video.method !== 'wan',
        }}
      />
      {help}
      <Tour stop={tour} go={setTour} change={change} />
    </Whole>
  );
}
