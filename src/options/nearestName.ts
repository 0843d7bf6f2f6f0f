/** The name that a misspelt one was probably meant to be, if any is near. */
export function nearestName(misspelt: string, names: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(misspelt);
  const most = (name: string) => Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3));
  const near = names
    .filter((name) => Math.abs(wanted.length - plain(name).length) <= most(name)) // at least so far, and quick to see
    .map((name) => ({ name, distance: editDistance(wanted, plain(name)) }))
    .filter(({ name, distance }) => distance <= most(name));
  return near.sort((left, right) => left.distance - right.distance).at(0)?.name;
}

/** Letters to insert, remove, replace or swap with their neighbour, at the least (optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column++) {
      const differs = from[row - 1] === to[column - 1] ? 0 : 1;
      const best = [rows[row - 1][column] + 1, rows[row][column - 1] + 1, rows[row - 1][column - 1] + differs];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row].push(Math.min(...best, isSwap ? rows[row - 2][column - 2] + 1 : Number.POSITIVE_INFINITY));
    }
  }
  return rows[from.length][to.length];
}
