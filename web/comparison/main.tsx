import { render } from 'preact';
import type { ComparisonReport } from '../../src/compare/comparisonReport.js';
import { followTheme } from '../viewer/parts/theme.js';
import { Comparison } from './comparison.jsx';

followTheme();
const text = document.getElementById('comparison')?.textContent ?? '';
const report = text === '' ? null : (JSON.parse(text) as ComparisonReport);
render(
  report ? (
    <Comparison report={report} />
  ) : (
    <main>
      <p>There is no comparison here: `tokentrim compare` writes this page with one in it.</p>
    </main>
  ),
  document.getElementById('app') as HTMLElement,
);
