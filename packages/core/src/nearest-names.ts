/** The known names that differ least from `name`, best first; at most three, none when all are far. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const scored = [...known].map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return scored
    .filter(({ candidate, distance }) => distance <= Math.max(3, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Insertions, deletions and exchanges of one character that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchange, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
