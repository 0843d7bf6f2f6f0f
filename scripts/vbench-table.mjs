// The paper's own rows (arXiv 2602.00268, Tables 3 and 4) with VBench's own weights and normalisation, in place of the plain
// mean of the dimensions that the paper calls Final.
// Usage: node scripts/vbench-table.mjs > docs/results/vbench-table.md
// Source of weights and ranges: Vchitect/VBench scripts/constant.py; of the formulas: scripts/cal_final_score.py.

export const COLUMNS = [
  ...['Rolling Forcing', 'Rolling Forcing + TokenTrim', 'Rolling Forcing + FlowMo'],
  ...['Self Forcing', 'Self Forcing + TokenTrim', 'Self Forcing + FlowMo'],
  ...['Rolling Forcing + TokenTrim, p 5%', 'Rolling Forcing + TokenTrim, p 20%'],
  'Rolling Forcing + TokenTrim without FlowMo',
];

/** What the paper prints, percent, a row a dimension. Weight 1 and the range 0 to 1 are VBench's where no other is said. */
export const DIMENSIONS = [
  ...quality([
    ['Subject Consistency', [91.92, 90.12, 91.94, 88.29, 85.54, 87.99, 90.59, 85.31, 90.1], { min: 0.1462 }],
    ['Background Consistency', [92.87, 93.54, 91.27, 89.53, 89.72, 87.12, 93.07, 78.02, 93.28], { min: 0.2615 }],
    ['Temporal Flickering', [96.77, 98.89, 95.21, 98.9, 98.93, 98.91, 97.01, 89.83, 97.25], { min: 0.6293 }],
    ['Motion Smoothness', [97.21, 99.02, 98.03, 97.63, 98.64, 97.95, 97.65, 85.52, 97.56], { min: 0.706, max: 0.9975 }],
    ['Dynamic Degree', [59.57, 62.11, 56.07, 67.75, 68.97, 65.46, 61.48, 55.97, 60.11], { weight: 0.5 }],
    ['Aesthetic Quality', [64.19, 63.95, 63.05, 61.06, 63.13, 62.15, 64.32, 59.82, 62.54]],
    ['Imaging Quality', [71.7, 71.91, 68.62, 68.92, 69.17, 66.99, 72.81, 62.68, 70.62]],
  ]),
  ...semantic([
    ['Object Class', [88.97, 89.63, 89.33, 81.24, 80.3, 82.24, 87.66, 72.11, 88.03]],
    ['Multiple Objects', [68.31, 65.29, 67.28, 63.98, 60.37, 61.03, 64.13, 62.83, 64.42]],
    ['Human Action', [75.81, 80.0, 74.89, 83.72, 83.93, 82.09, 77.29, 69.18, 78.95]],
    ['Color', [87.98, 85.53, 86.2, 81.21, 81.28, 79.83, 87.51, 64.32, 86.06]],
    ['Spatial Relationship', [79.26, 75.09, 80.53, 74.76, 76.02, 76.59, 76.42, 68.04, 77.36]],
    ['Scene', [29.22, 32.2, 30.85, 32.59, 30.94, 29.25, 30.63, 29.75, 28.74], { max: 0.8222 }],
    ['Appearance Style', [21.72, 21.4, 19.56, 23.49, 25.56, 24.15, 21.98, 11.86, 20.91], { min: 0.0009, max: 0.2855 }],
    ['Temporal Style', [23.26, 25.49, 25.12, 20.55, 20.39, 20.02, 22.78, 15.29, 25.41], { max: 0.364 }],
    ['Overall Consistency', [24.92, 28.37, 26.98, 25.12, 25.76, 25.1, 25.65, 19.21, 26.31], { max: 0.364 }],
  ]),
];

function quality(rows) {
  return rows.map((row) => dimension('quality', ...row));
}

function semantic(rows) {
  return rows.map((row) => dimension('semantic', ...row));
}

function dimension(group, name, values, { min = 0, max = 1, weight = 1 } = {}) {
  return { group, name, values, min, max, weight };
}

/** How much more Quality weighs than Semantic in the total. */
const QUALITY_WEIGHT = 4;

/** Quality, Semantic and Total of a column, percent. */
export function scores(column) {
  const mean = (group) => {
    const rows = DIMENSIONS.filter((each) => each.group === group);
    const sum = rows.reduce((all, { values, min, max, weight }) => {
      return all + (weight * (values[column] / 100 - min)) / (max - min);
    }, 0);
    return (100 * sum) / rows.reduce((all, { weight }) => all + weight, 0);
  };
  const [qualityScore, semanticScore] = [mean('quality'), mean('semantic')];
  const total = (QUALITY_WEIGHT * qualityScore + semanticScore) / (QUALITY_WEIGHT + 1);
  return { quality: qualityScore, semantic: semanticScore, total };
}

const rounded = (value) => Number(value.toFixed(2));

/** The table in Markdown. The first column of a method is what the others of it are set against. */
export function table() {
  const rows = COLUMNS.map((name, column) => {
    const baseline = COLUMNS.indexOf(name.startsWith('Self') ? 'Self Forcing' : 'Rolling Forcing');
    const { quality: qualityScore, semantic: semanticScore, total } = scores(column);
    const gain = rounded(total) - rounded(scores(baseline).total); // so that what is printed adds up
    const difference = column === baseline ? '' : `${gain < 0 ? '−' : '+'}${Math.abs(gain).toFixed(2)}`;
    return [name, ...[qualityScore, semanticScore, total].map((value) => value.toFixed(2)), difference];
  });
  const head = ['', 'Quality', 'Semantic', 'Total', 'to its baseline'];
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return `# The paper's rows with VBench's weights

Made by \`node scripts/vbench-table.mjs > docs/results/vbench-table.md\` from the rows that the paper prints in its Tables 3 and 4. Percent; Quality and Semantic are VBench's weighted means of normalised dimensions, Total is (4 Quality + Semantic) / 5.

${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}
`;
}

if (process.argv[1] === import.meta.filename) process.stdout.write(table());
