import { describeCheck } from '../../models/wan/checkpoint/checkTensors.js';
import { formatBytes, quote, quoteSome } from '../../weights/quote.js';
import { describeParts } from '../model/modelFolder.js';
import type { Amount, FolderInspection, Inspection } from './inspect.js';
import type { Verification } from './verify.js';

const NAMINGS = { official: 'official names', hf: 'diffusers / transformers names', unknown: 'unknown names' } as const;

/** The plain text of `tokentrim inspect`: a paragraph for each set of weights, and one for the folder. */
export function formatInspection(inspections: readonly (Inspection | FolderInspection)[]): string {
  return inspections.map((entry) => (entry.kind === 'folder' ? formatFolder(entry) : formatOne(entry))).join('\n\n');
}

function formatOne(inspection: Inspection): string {
  const { path, part, naming, tensors, dtypes, metadata, config, check, problem, sample } = inspection;
  const { verification, format, recognised, prefixes, beside, sections, section } = inspection;
  const { lines, row } = paragraph(path);
  if (recognised) row('this is', recognised);
  if (format) row('format', format.startsWith('PyTorch') ? `${format}: read without running code from it` : format);
  for (const [name, amount] of Object.entries(sections)) {
    row('section', `${printable(name)}: ${formatAmount(amount)}${name === section ? ', used' : ''}`);
  }
  if (tensors > 0) {
    row(
      'part',
      `${part}, ${NAMINGS[naming]}${prefixes.length > 0 ? ` behind ${prefixes.map(printable).join(' ')}` : ''}`,
    );
    if (beside.length > 0) row('beside it', shorten(beside.map(printable).join(' ')));
    row('size', formatAmount(inspection));
    row('dtypes', entries(dtypes));
  }
  if (Object.keys(metadata).length > 0) row('metadata', shorten(entries(metadata)));
  if (config) row('config', entries(config, ' = '));
  if (config && part === 'transformer' && !('num_heads' in config)) {
    row('', 'num_heads shows in no tensor: give it in config.json');
  }
  if (check) row('tensors', describeCheck(check).join('\n') || 'all there, none unexpected, all shapes right');
  if (verification) row('verified', describeVerification(verification));
  if (problem) row('problem', problem);
  if (sample.length > 0) row('first', sample.map(printable).join('\n') + (tensors > sample.length ? '\n…' : ''));
  return lines.join('\n');
}

/** Tensors that are named, of those that have values that are not finite. */
const MOST_NAMED = 10;

function describeVerification({ tensors, bytes, nonFinite, records }: Verification): string {
  const lines = nonFinite.slice(0, MOST_NAMED).map(({ name, nan, infinite, dtype, shape, first }) => {
    const counts = [nan > 0 && `${nan} NaN`, infinite > 0 && `${infinite} infinite`].filter(Boolean).join(', ');
    return `${quote(name)}: ${counts}, the first at [${first.join(', ')}] of ${dtype} [${shape.join(', ')}]`;
  });
  const rest = nonFinite.length - lines.length;
  const values =
    nonFinite.length === 0
      ? [`every value of ${tensors} tensors, ${formatBytes(bytes)}, is finite`]
      : [`${nonFinite.length} of ${tensors} tensors hold values that are not finite:`, ...lines];
  if (rest > 0) values.push(`and ${rest} tensors more`);
  if (!records) return values.join('\n');
  const { checked, wrong } = records;
  if (checked === 0) values.push('the archive carries no checksums');
  else if (wrong.length === 0) values.push(`the checksums of all ${checked} records are right`);
  else
    values.push(
      `the checksums of ${wrong.length} of ${checked} records are wrong: ${quoteSome(wrong)}. The file is damaged: download it again`,
    );
  return values.join('\n');
}

function formatFolder({ path, layout, complete, parts, advice }: FolderInspection): string {
  const { lines, row } = paragraph(path);
  row('layout', layout);
  if (parts.length > 0) row('parts', describeParts(parts).join('\n'));
  row('model', complete ? 'complete: give this folder to --model' : `not complete\n${advice}`);
  return lines.join('\n');
}

function paragraph(title: string) {
  const lines = [title];
  const row = (label: string, text: string) =>
    lines.push(`  ${label.padEnd(13)}${text.replaceAll('\n', '\n               ')}`);
  return { lines, row };
}

function formatAmount({ tensors, parameters, bytes }: Amount): string {
  return `${tensors} tensors, ${parameters.toLocaleString('en')} parameters, ${formatBytes(bytes)}`;
}

function entries(record: object, between = ' '): string {
  const text = (value: unknown) => (typeof value === 'string' ? printable(value) : JSON.stringify(value));
  return Object.entries(record)
    .map(([key, value]) => `${printable(key)}${between}${text(value)}`)
    .join(', ');
}

function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}

/** Names and metadata come from files: control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
