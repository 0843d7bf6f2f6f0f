import { useState } from 'preact/hooks';
import type { ComparisonReport } from '../../src/compare/comparisonReport.js';
import { toggleTheme } from '../viewer/parts/theme.js';
import { ArmTable } from './armTable.jsx';
import { Differences } from './differences.jsx';
import { OverTime } from './overTime.jsx';
import { RunTable } from './runTable.jsx';
import { cautions, momentName, momentsIn, setting, titleOf } from './words.js';

/** What a comparison found, and what it could not have found. */
export function Comparison({ report }: { readonly report: ComparisonReport }) {
  const moments = momentsIn(report);
  const [preset, setPreset] = useState(report.presets[0]);
  const [moment, setMoment] = useState(moments.includes('last') ? 'last' : moments[0]);
  const [arm, setArm] = useState(report.arms[1]?.name ?? report.baseline);
  const results = report.results.filter((result) => result.preset === preset && result.n > 0);
  const contrasts = report.contrasts.filter((contrast) => contrast.preset === preset && contrast.n > 0);
  return (
    <main>
      <header class="head">
        <b>TokenTrim comparison</b>
        <span class="what">{setting(report)}</span>
        <Choice label="Method" values={report.presets} chosen={preset} choose={setPreset} />
        <button type="button" class="icon" onClick={toggleTheme}>
          Light or dark
        </button>
      </header>
      <h1>{titleOf(report, preset)}</h1>
      <section class="panel" aria-label="Arms">
        <h2>
          What each arm did <small>the same prompts and seeds, the same noise</small>
        </h2>
        <ArmTable report={report} results={results} />
      </section>
      <section class="panel" aria-label="Differences">
        <h2>
          Paired differences{' '}
          <small>dot: mean; line: 95% interval; grey: smaller than what so many pairs show in 4 of 5 comparisons</small>
          <label class="key">
            when{' '}
            <select value={moment} onChange={(event) => setMoment(event.currentTarget.value)}>
              {moments.map((each) => (
                <option key={each} value={each}>
                  {momentName(each)}
                </option>
              ))}
            </select>
          </label>
        </h2>
        <Differences report={report} contrasts={contrasts} moment={moment} />
      </section>
      <section class="panel" aria-label="Over time">
        <h2>
          Over time{' '}
          <small>
            means of all videos with pointwise 95% bands; <b>{report.baseline}</b> in black, <b class="hot">{arm}</b> in
            colour, the others faint
          </small>
          <span class="key">
            <Choice label="Arm" values={report.arms.slice(1).map(({ name }) => name)} chosen={arm} choose={setArm} />
          </span>
        </h2>
        <OverTime report={report} results={results} arm={arm} />
      </section>
      <section class="panel" aria-label="What this does not say">
        <h2>What this does not say</h2>
        <ul class="cautions">
          {cautions(report).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-label="Runs">
        <h2>
          Runs <small>blocks that were generated again, by pair and arm</small>
        </h2>
        <RunTable report={report} preset={preset} />
      </section>
    </main>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly values: readonly string[];
  readonly chosen: string;
  readonly choose: (value: string) => void;
}

/** One of a few; nothing where there is no choice. */
function Choice({ label, values, chosen, choose }: ChoiceProps) {
  if (values.length < 2) return null;
  return (
    <fieldset class="seg" aria-label={label}>
      {values.map((value) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {value}
        </button>
      ))}
    </fieldset>
  );
}
