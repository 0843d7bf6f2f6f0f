import type { AttentionEvent, TapEvent } from '../../../src/trace/format.js';
import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import type { Run } from '../data/run.js';
import { useTensor } from '../hooks.js';
import type { BlockFacts } from '../logic/facts.js';
import {
  type AttentionRow,
  askedWords,
  attentionRows,
  attentionsOf,
  attentionWords,
  percent,
  tapsOf,
  tokenNorms,
  vectorWords,
  watchedTokens,
} from '../logic/inside.js';
import { plural, short } from '../logic/sentence.js';
import { DriftMap } from './driftMap.jsx';
import { Source } from './source.jsx';
import { type TokenChoice, TokenSurface } from './tokenSurface.jsx';

interface Props {
  readonly run: Run;
  readonly facts: BlockFacts;
  readonly attempt: TracedAttempt | undefined;
  readonly choice: TokenChoice;
}

/** What was asked to be kept of the inside of the DiT: what tokens attend to, and what its parts give. */
export function InsidePanel({ run, facts, attempt, choice }: Props) {
  const attentions = attentionsOf(attempt);
  const taps = tapsOf(attempt);
  if (attentions.length + taps.length === 0) return null;
  const tokens = watchedTokens(attentions);
  const token = choice.token !== null && tokens.includes(choice.token) ? choice.token : tokens.at(0);
  return (
    <section class="panel" aria-labelledby="inside-title">
      <h2 id="inside-title">
        Inside the model, at {facts.name} <small>kept because it was asked for by name</small>
      </h2>
      {token !== undefined && (
        <div class="attention">
          <p>
            What token {token} attends to, frame by frame: the weights of softmax of a frame’s live tokens added up, a
            mean over the heads of a layer and the block’s {plural(facts.frames, 'frame')}. A row comes to 100 %.
          </p>
          <fieldset class="seg" aria-label="Token whose attention is shown">
            {tokens.map((each) => (
              <button key={each} type="button" aria-pressed={each === token} onClick={() => choice.choose(each)}>
                token {each}
              </button>
            ))}
          </fieldset>
          {choice.token !== null && choice.token !== token && <small class="asked"> {askedWords(tokens)}</small>}
          {attentions.map((event) => (
            <Attention key={event.shares.file} run={run} event={event} token={token} />
          ))}
          <Source name="meanAttention" file="src/kernels/attention/meanAttention.ts" />
        </div>
      )}
      {taps.map((event) => (
        <Tapped key={event.values.file} run={run} event={event} choice={choice} />
      ))}
    </section>
  );
}

interface AttentionProps {
  readonly run: Run;
  readonly event: AttentionEvent;
  readonly token: number;
}

function Attention({ run, event, token }: AttentionProps) {
  const tensor = useTensor(run, event.shares);
  if (!event.tokens.includes(token)) return null;
  if (!tensor) return <p class="nothing">what was kept of it is not there</p>;
  const rows = attentionRows(event, tensor.values, token);
  const most = Math.max(...rows.flatMap(({ shares }) => shares.map(({ share }) => share)), 1e-12);
  return (
    <>
      {rows.map((row) => (
        <Bars key={row.layer} row={row} most={most} />
      ))}
    </>
  );
}

/** A bar a frame, as high as its share. */
function Bars({ row, most }: { readonly row: AttentionRow; readonly most: number }) {
  return (
    <div class="bars">
      <p>
        <b>layer {row.layer}</b> call {row.step + 1}: {attentionWords(row)}
      </p>
      <ol aria-label={`Layer ${row.layer}, call ${row.step + 1}, frame by frame`}>
        {row.shares.map(({ frame, kind, share }) => (
          <li key={`${kind} ${frame}`} class={kind} title={`frame ${frame}: ${percent(share)}`}>
            <span class="bar" style={`--share:${(100 * share) / most}%`} aria-hidden="true" />
            <span class="number">
              <span class="unseen-word">frame </span>
              {frame}
              <span class="unseen-word">
                : {percent(share)}
                {kind === 'cached' ? '' : kind === 'own' ? ', own block' : ', later block'}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** What a part gave: the length of every token's vector as a map, and the chosen one's values. */
function Tapped({ run, event, choice }: { readonly run: Run; readonly event: TapEvent; readonly choice: TokenChoice }) {
  const tensor = useTensor(run, event.values);
  const { grid, token } = choice;
  const norms = tensor && tensor.shape[1] === grid.height * grid.width ? tokenNorms(tensor) : undefined;
  const words = (each: number) =>
    norms ? `Token ${each}: length ${short(norms[each], 2)} on average` : 'the values are not there';
  return (
    <div class="tapped">
      <figure>
        <div class="pic heat" style={`--aspect:${grid.width}/${grid.height}`}>
          <TokenSurface choice={choice} words={words} label={`${event.name}, call ${event.step + 1}`}>
            <DriftMap
              drift={norms}
              grid={grid}
              top={norms ? Math.max(...norms, 1e-12) : 1}
              outlined={[]}
              token={token}
              isOver={false}
            />
          </TokenSurface>
          {!norms && <p class="blank">the values are not there</p>}
        </div>
      </figure>
      <div>
        <p>
          <b>{event.name}</b> at call {event.step + 1}: the length of each token’s vector, a mean over the block’s
          frames.
        </p>
        {norms && tensor && token !== null ? (
          <>
            <p>{words(token)}.</p>
            <ul class="vectors">
              {vectorWords(tensor, event.frames, token).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </>
        ) : (
          <p class="nothing">Choose a token to see its values.</p>
        )}
      </div>
    </div>
  );
}
