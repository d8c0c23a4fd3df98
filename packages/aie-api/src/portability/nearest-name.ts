/** The candidate most like a name: same last part in another class or namespace, else few edits; undefined if none is near. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const last = lastPart(name);
  const sameLast = candidates.find((candidate) => candidate !== name && lastPart(candidate) === last);
  if (sameLast !== undefined) return sameLast;
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const other = lastPart(candidate);
    const distance = editDistance(last, other);
    const near = distance <= Math.max(1, Math.floor(last.length / 3)) || (last.length >= 4 && other.includes(last));
    if (near && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

function lastPart(name: string): string {
  return name.split(/::|\./).at(-1) ?? name;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
