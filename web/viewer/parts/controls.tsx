import type { TracedVideo } from '../../../src/trace/format.js';
import type { BlockFacts } from '../logic/facts.js';
import { countOf, mostPredictions, picturesOf } from '../logic/pictureAt.js';
import { tryName } from '../logic/squares.js';
import type { Change, View } from '../view.js';
import { Icon } from './icons.jsx';

interface Props {
  readonly facts: BlockFacts | undefined;
  readonly video: TracedVideo;
  readonly view: View;
  readonly change: (change: Change) => void;
  /** Whether there are pictures to play. */
  readonly canPlay: boolean;
  /** Whether two runs are shown, of each the try that was kept. */
  readonly isPair: boolean;
  readonly isPlaying: boolean;
  readonly play: (isOn: boolean) => void;
}

/** Denoising calls at most that have a button each. */
const MOST_BUTTONS = 12;

/** Which picture, attempt and denoising step of a block is shown; each has its keys. */
export function Controls({ facts, video, view, change, canPlay, isPair, isPlaying, play }: Props) {
  const pictures = facts ? countOf(picturesOf(facts.traced)) : 0;
  const picture = Math.min(view.picture, Math.max(0, pictures - 1));
  const attempts = facts?.traced.attempts ?? [];
  const calls = mostPredictions(facts?.traced);
  const timesteps = attempts.at(0)?.steps ?? [];
  if (!video.pictures && attempts.length < 2) return null;
  return (
    <div class="controls">
      {canPlay && (
        <span class="control player">
          <button
            type="button"
            class="icon"
            aria-label={isPlaying ? 'Pause' : 'Play'}
            aria-pressed={isPlaying}
            onClick={() => play(!isPlaying)}
          >
            <Icon name={isPlaying ? 'pause' : 'play'} />
          </button>
          <input
            type="range"
            aria-label="Picture"
            min={0}
            max={Math.max(0, pictures - 1)}
            value={picture}
            disabled={pictures < 2}
            aria-valuetext={`picture ${picture + 1} of ${pictures}`}
            onInput={(event) => change({ picture: event.currentTarget.valueAsNumber, step: null })}
          />
          <output>{pictures > 0 ? `${picture + 1} / ${pictures}` : '–'}</output>
        </span>
      )}
      {attempts.length > 1 && !isPair && (
        <fieldset class="control seg" aria-label="Try">
          <button type="button" aria-pressed={view.attempt === null} onClick={() => change({ attempt: null })}>
            {attempts.length > 2 ? 'All' : 'Both'}
          </button>
          {attempts.map(({ attempt }) => (
            <button
              key={attempt}
              type="button"
              aria-pressed={view.attempt === attempt}
              onClick={() => change({ attempt })}
            >
              {tryName(attempt)}
            </button>
          ))}
        </fieldset>
      )}
      {calls > 0 && (
        <span class="control steps">
          <span id="steps-word">denoising</span>
          {calls > MOST_BUTTONS ? (
            <>
              <input
                type="range"
                aria-labelledby="steps-word"
                min={0}
                max={calls}
                value={view.step ?? calls}
                aria-valuetext={view.step === null ? 'done' : `call ${view.step + 1} of ${calls}`}
                onInput={({ currentTarget: { valueAsNumber } }) =>
                  change({ step: valueAsNumber === calls ? null : valueAsNumber })
                }
              />
              <output>{view.step === null ? 'done' : `${view.step + 1} / ${calls}`}</output>
            </>
          ) : (
            <fieldset class="seg" aria-labelledby="steps-word">
              {Array.from({ length: calls }, (_, step) => (
                <button
                  key={step}
                  type="button"
                  aria-pressed={view.step === step}
                  title={timesteps[step] ? `timestep ${Math.round(timesteps[step].timesteps[0])}` : undefined}
                  onClick={() => change({ step })}
                >
                  {step + 1}
                </button>
              ))}
              <button type="button" aria-pressed={view.step === null} onClick={() => change({ step: null })}>
                done
              </button>
            </fieldset>
          )}
        </span>
      )}
      {video.pictures && attempts.some(({ review }) => review?.drift) && (
        <button type="button" class="plain" aria-pressed={view.isOver} onClick={() => change({ isOver: !view.isOver })}>
          map over the picture
        </button>
      )}
    </div>
  );
}
