export interface TimeTextOptions {
  readonly alwaysHours: boolean;
  readonly decimalMark: "." | ",";
}

/** `01:02.345`, with hours where there are any or they are asked for. Source: openai/whisper, utils.py, `format_timestamp`. */
export function timeText(seconds: number, { alwaysHours, decimalMark }: TimeTextOptions): string {
  const all = milliseconds(seconds);
  const [hours, minutes] = [Math.floor(all / 3_600_000), Math.floor(all / 60_000) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  const start = alwaysHours || hours > 0 ? `${two(hours)}:` : "";
  const rest = String(all % 1000).padStart(3, "0");
  return `${start}${two(minutes)}:${two(Math.floor(all / 1000) % 60)}${decimalMark}${rest}`;
}

/** Whole milliseconds; a half goes to the even one, as Python's `round` has it. */
export function milliseconds(seconds: number): number {
  const scaled = seconds * 1000;
  const below = Math.floor(scaled);
  if (scaled - below !== 0.5) return Math.round(scaled);
  return below % 2 === 0 ? below : below + 1;
}
