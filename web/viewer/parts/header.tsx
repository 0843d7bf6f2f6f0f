import type { Run } from '../data/run.js';
import { introOf } from '../logic/intro.js';
import type { Change, View } from '../view.js';
import { Icon } from './icons.jsx';
import { toggleTheme } from './theme.js';

interface Props {
  readonly runs: readonly Run[];
  readonly view: View;
  readonly change: (change: Change) => void;
  readonly help: () => void;
  readonly tour: () => void;
  /** Whether the page has a name and a theme of its own. */
  readonly isPart: boolean;
}

/** Which run is looked at, and what it is. */
export function Header({ runs, view, change, help, tour, isPart }: Props) {
  const { run, other } = view;
  const begin = runs[run]?.trace.begin;
  const isFew = runs.length <= 3;
  const Whole = isPart ? 'div' : 'header';
  return (
    <Whole class="head">
      {!isPart && <b>TokenTrim trace</b>}
      <span class="what" title={introOf(begin)}>
        {introOf(begin)}
      </span>
      {runs.length > 1 && isFew && (
        <fieldset class="seg" aria-label="Run">
          {runs.map(({ name }, index) => (
            <button
              key={name}
              type="button"
              aria-pressed={run === index && other === null}
              onClick={() => change({ run: index, other: null })}
            >
              {name}
            </button>
          ))}
          <button type="button" aria-pressed={other !== null} onClick={() => change(compared(view, runs.length))}>
            Compare
          </button>
        </fieldset>
      )}
      {runs.length > 1 && !isFew && (
        <>
          <select aria-label="Run" value={run} onChange={(event) => change({ run: Number(event.currentTarget.value) })}>
            {runs.map(({ name }, index) => (
              <option key={name} value={index}>
                {name}
              </option>
            ))}
          </select>
          <select
            aria-label="Beside it"
            value={other ?? ''}
            onChange={({ currentTarget: { value } }) => change({ other: value === '' ? null : Number(value) })}
          >
            <option value="">alone</option>
            {runs.map(({ name }, index) => (
              <option key={name} value={index} disabled={index === run}>
                beside {name}
              </option>
            ))}
          </select>
        </>
      )}
      {begin?.video.method !== 'wan' && (
        <button type="button" class="icon" onClick={tour}>
          Tour
        </button>
      )}
      <button type="button" class="icon" aria-label="What the words mean" onClick={help}>
        <span aria-hidden="true">?</span>
      </button>
      {!isPart && (
        <button type="button" class="icon" aria-label="Light or dark" onClick={toggleTheme}>
          <Icon name="theme" />
        </button>
      )}
    </Whole>
  );
}

/** The run beside the next one, or alone again. */
export function compared({ run, other }: View, count: number): Change {
  return { other: other === null && count > 1 ? (run + 1) % count : null };
}
