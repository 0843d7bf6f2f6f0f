import type { Run } from '../data/run.js';
import { useDrift } from '../hooks.js';
import type { BlockFacts } from '../logic/facts.js';
import { METHOD_STEPS, stepNumbers } from '../logic/methodSteps.js';
import { stepText } from '../logic/stepTexts.js';
import type { Change, View } from '../view.js';
import { Source } from './source.jsx';

interface Props {
  readonly run: Run;
  readonly facts: BlockFacts;
  readonly view: View;
  readonly change: (change: Change) => void;
}

/** The nine steps of the method: each with its formula, this block's numbers in it, and where they are computed. */
export function MethodStrip({ run, facts, view, change }: Props) {
  const { explained } = view;
  const drift = useDrift(run, facts.traced.attempts.at(0)?.review);
  const video = run.trace.begin?.video;
  if (!video || video.method === 'wan') return null;
  const before = run.facts
    .filter(({ index }) => index < facts.index)
    .flatMap(({ kept }) => (kept === null ? [] : [kept]));
  const text = explained && stepText(explained, video);
  return (
    <section class="method" aria-label="The method in nine steps">
      <ol>
        {METHOD_STEPS.map((step, index) => (
          <li key={step}>
            <button
              type="button"
              aria-expanded={explained === step}
              aria-controls="explained"
              onClick={() => change({ explained: explained === step ? null : step })}
            >
              <span class="count">{index + 1}</span>
              {step}
            </button>
          </li>
        ))}
      </ol>
      <div id="explained" class="explained" hidden={!text}>
        {text && explained && (
          <>
            <p class="formula">
              <Formula text={text.formula} />
            </p>
            <p>{text.means}</p>
            <p class="numbers">{stepNumbers(explained, { facts, video, before, drift })}</p>
            <Source name={text.functions} file={text.file} />
          </>
        )}
      </div>
    </section>
  );
}

/** A formula, whose indices stand lower. */
function Formula({ text }: { readonly text: string }) {
  return (
    <>
      {text
        .split(/_(\w|\{[^}]*\})/)
        .map((part, index) => (index % 2 === 1 ? <sub key={index}>{part.replace(/[{}]/g, '')}</sub> : part))}
    </>
  );
}
