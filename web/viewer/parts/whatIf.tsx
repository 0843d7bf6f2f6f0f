import type { BlockFacts } from '../logic/facts.js';
import { type WhatIf, whatIfWords } from '../logic/whatIf.js';
import type { Change } from '../view.js';

interface Props {
  readonly limit: string;
  /** The lambda of the run, and the one that is tried. */
  readonly own: number;
  readonly tried: number | null;
  readonly result: WhatIf | null;
  readonly all: readonly BlockFacts[];
  readonly change: (change: Change) => void;
}

/** Another lambda: which past blocks would have been above its threshold. */
export function WhatIfSlider({ limit, own, tried, result, all, change }: Props) {
  return (
    <div class="whatif">
      <span class="key">
        <svg width="30" height="8" aria-hidden="true">
          <path d="M0 4h30" class="limit" />
        </svg>
        too much: above {limit} so far
      </span>
      <label>
        <span>what if λ =</span>
        <input
          type="range"
          min={0}
          max={Math.max(5, own)}
          step={0.1}
          value={tried ?? own}
          aria-label="Another lambda"
          onInput={({ currentTarget: { valueAsNumber } }) =>
            change({ sensitivity: Math.abs(valueAsNumber - own) < 0.05 ? null : valueAsNumber })
          }
        />
        <output>{tried ?? own}</output>
      </label>
      {tried !== null && (
        <button type="button" class="plain" onClick={() => change({ sensitivity: null })}>
          back to {own}
        </button>
      )}
      <p role="status">{result ? whatIfWords(result, all) : ''}</p>
    </div>
  );
}
