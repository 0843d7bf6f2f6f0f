import type { ArmResult, ComparisonReport } from '../../src/compare/comparisonReport.js';
import { WHOLE } from '../../src/compare/measuredRun.js';
import { short } from './words.js';

interface Props {
  readonly report: ComparisonReport;
  readonly results: readonly ArmResult[];
}

/** What an arm is, how often it stepped in, and what it cost. */
export function ArmTable({ report, results }: Props) {
  const mean = ({ levels }: ArmResult, measure: string) => levels[measure]?.[WHOLE]?.mean ?? null;
  const base = results.find(({ arm }) => arm === report.baseline);
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {['arm', 'options', 'videos', 'generated again', 'videos with any', 'DiT calls'].map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {results.map((result) => {
            const calls = mean(result, 'calls');
            const usual = base ? mean(base, 'calls') : null;
            const more = calls !== null && usual !== null && usual > 0 ? (100 * (calls - usual)) / usual : 0;
            return (
              <tr key={result.arm}>
                <th scope="row">{result.arm}</th>
                <td class="code">{report.arms.find(({ name }) => name === result.arm)?.options}</td>
                <td>{result.n}</td>
                <td>
                  {result.interventions} of {result.blocks} blocks,{' '}
                  {short((100 * result.interventions) / result.blocks)}%
                </td>
                <td>{result.touched}</td>
                <td>
                  {short(calls)}
                  {more > 0.05 && `, ${short(more)}% more`}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
