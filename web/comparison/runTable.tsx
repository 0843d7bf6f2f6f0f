import type { ComparisonReport, ReportedRun } from '../../src/compare/comparisonReport.js';

interface Props {
  readonly report: ComparisonReport;
  readonly preset: string;
}

/** Every pair: how often each arm stepped in, with links to what was kept of its run. */
export function RunTable({ report, preset }: Props) {
  const runs = report.runs.filter((run) => run.preset === preset);
  const pairs = new Map(runs.map((run) => [run.pair, run]));
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>prompt</th>
            <th>seed</th>
            {report.arms.map(({ name }) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from(pairs.values(), ({ pair, prompt, seed }) => (
            <tr key={pair}>
              <th scope="row">{prompt}</th>
              <td>{seed}</td>
              {report.arms.map(({ name }) => (
                <td key={name}>
                  <Cell run={runs.find((run) => run.pair === pair && run.arm === name)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ run }: { readonly run: ReportedRun | undefined }) {
  if (!run) return <span class="none">missing</span>;
  const { interventions, trace, video } = run;
  return (
    <>
      {interventions}
      {trace && <a href={encodeURI(trace)}>trace</a>}
      {video && <a href={encodeURI(video)}>video</a>}
    </>
  );
}
