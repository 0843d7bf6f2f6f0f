const giga = (value) => (value / 1e9).toFixed(1);
const percent = (share) => `${(100 * share).toFixed(0)}%`;

/** Collects the rows of a section, prints each as it comes, and hands them to the process that asked for the section. */
export class Report {
  rows = [];

  /**
   * @param title what follows
   * @param ceilings of the adapter, where shares of them are printed
   */
  constructor(title, ceilings) {
    this.ceilings = ceilings;
    console.log(`\n${title}`);
  }

  /** @param row { name, form?, seconds, spread?, repeats?, operations?, bytes?, note? } */
  add(row) {
    const { name, form = '', seconds, operations, bytes, note } = row;
    const made = { ...row, gflops: operations && operations / seconds / 1e9, gbps: bytes && bytes / seconds / 1e9 };
    this.rows.push(made);
    const { ceilings } = this;
    const cells = [
      name.padEnd(72),
      form.padEnd(9),
      `${duration(seconds)}`.padStart(9),
      (row.spread === undefined ? '' : `±${percent(row.spread)}`).padStart(6),
    ];
    if (operations) cells.push(`${giga(operations / seconds)} GFLOP/s`.padStart(16));
    if (operations && ceilings) cells.push(`${percent(operations / seconds / ceilings.flops)} of the ceiling`);
    if (bytes) cells.push(`${giga(bytes / seconds)} GB/s`.padStart(11));
    if (bytes && ceilings) cells.push(percent(bytes / seconds / ceilings.bytesPerSecond));
    if (note) cells.push(note);
    console.log(cells.join(' ').trimEnd());
  }

  /** To the parent, which may write them to a file; nothing where the section was started by itself. */
  send(head = {}) {
    process.send?.({ ...head, rows: this.rows });
  }
}

export function duration(seconds) {
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(0)} µs`;
  return seconds < 1 ? `${(seconds * 1e3).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
}
