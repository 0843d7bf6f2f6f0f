import type { TrimOptions } from '../../../src/tokentrim/trimOptions.js';
import type { BlockFacts } from '../logic/facts.js';
import { type WhatIf, whatIfWords } from '../logic/whatIf.js';
import type { Change, View } from '../view.js';

interface Props {
  readonly limit: string;
  /** The parameters of the run, and those that are tried. */
  readonly own: Pick<TrimOptions, 'sensitivity' | 'fraction' | 'warmup'>;
  readonly tried: Pick<View, 'sensitivity' | 'fraction' | 'warmup'>;
  readonly result: WhatIf | null;
  /** The blocks as they are measured with another p; undefined until their maps are there. */
  readonly asked: readonly BlockFacts[] | undefined;
  readonly all: readonly BlockFacts[];
  readonly change: (change: Change) => void;
}

const NOTHING = { sensitivity: null, fraction: null, warmup: null };

/** Another lambda, p or warm-up: which past blocks would have been above the threshold. */
export function WhatIfSlider({ limit, own, tried, result, asked, all, change }: Props) {
  const { sensitivity, fraction, warmup } = tried;
  const isTried = sensitivity !== null || fraction !== null || warmup !== null;
  const unknown = asked?.filter((facts, index) => facts.severity === null && all[index].severity !== null).length;
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
          max={Math.max(5, own.sensitivity)}
          step={0.1}
          value={sensitivity ?? own.sensitivity}
          aria-label="Another lambda"
          onInput={({ currentTarget: { valueAsNumber } }) =>
            change({ sensitivity: Math.abs(valueAsNumber - own.sensitivity) < 0.05 ? null : valueAsNumber })
          }
        />
        <output>{sensitivity ?? own.sensitivity}</output>
      </label>
      <label>
        <span>p =</span>
        <input
          type="number"
          min={0.01}
          max={1}
          step={0.01}
          value={fraction ?? own.fraction}
          aria-label="Another p"
          onInput={({ currentTarget: { valueAsNumber: value } }) =>
            value > 0 && value <= 1 && change({ fraction: value === own.fraction ? null : value })
          }
        />
      </label>
      <label>
        <span>warm-up</span>
        <input
          type="number"
          min={0}
          step={1}
          value={warmup ?? own.warmup}
          aria-label="Another warm-up"
          onInput={({ currentTarget: { valueAsNumber: value } }) =>
            Number.isInteger(value) && value >= 0 && change({ warmup: value === own.warmup ? null : value })
          }
        />
      </label>
      {isTried && (
        <button type="button" class="plain" onClick={() => change(NOTHING)}>
          back to {own.sensitivity}, {own.fraction}, {own.warmup}
        </button>
      )}
      <p role="status">
        {result ? whatIfWords(result, all, { fraction, warmup, unknown }) : isTried ? 'The maps are being read.' : ''}
      </p>
    </div>
  );
}
