import { mel80 } from "../references/mel-definition.ts";
import type { CaseEvidence } from "../suites/suite-result.ts";
import { differenceMap, levelMap } from "./colour-map.ts";
import { escapeMarkup } from "./escape.ts";
import { melPicture } from "./mel-picture.ts";
import { encodePng } from "./png.ts";
import { spectrumChart } from "./spectrum-chart.ts";

/** Reference, device and difference of one case: pictures for features in dB, a chart for spectra. */
export function casePictures(evidence: CaseEvidence): string {
  return evidence.unit === "dB" ? featurePictures(evidence) : spectrumFigure(evidence);
}

// Loudest 80 dB of the reference: the same scale on both sides, so that a gain shows as a change of colour.
const shownDb = 80;
const quietestMaximumDb = -40;

function featurePictures({ name, rows, columns, reference, actual }: CaseEvidence): string {
  const shape = { frames: rows, bins: columns, axes: false, pixelsPerFrame: 1, pixelsPerBin: 1 };
  // Silence is drawn dark, not stretched to the bright end.
  const maxDb = reference.reduce((a, b) => Math.max(a, b), quietestMaximumDb);
  const minDb = maxDb - shownDb;
  // Where the reference is below what is shown, a difference means nothing and would drown the rest.
  const difference = actual.map((a, i) => (Number.isNaN(a) || reference[i]! >= minDb ? a - reference[i]! : 0));
  const scaleDb = differenceScale(difference);
  const seconds = (rows * mel80.hopSamples) / mel80.sampleRateHz;
  const extent = `${seconds.toFixed(2)} s, ${mel80.lowHz / 1000} to ${mel80.highHz / 1000} kHz upwards on the mel scale`;
  const level = (db: Float64Array) => melPicture(db, { ...shape, minDb, maxDb });
  const differing = melPicture(difference, { ...shape, kind: "difference", minDb: -scaleDb, maxDb: scaleDb });
  return `<div class="pictures">
${figure(`${name}: reference`, `reference: ${extent}`, level(reference))}
${figure(`${name}: device`, "device", level(actual))}
${figure(`${name}: difference`, `device − reference, within ${shownDb} dB of the maximum`, differing)}
</div>
<p class="scale">${signed(minDb)} dB ${colourBar("level")} ${signed(maxDb)} dB</p>
<p class="scale">−${scaleDb} dB ${colourBar("difference")} +${scaleDb} dB</p>`;
}

// 1, 2 or 5 times a power of ten: pictures of similar cases share a scale.
function differenceScale(difference: Float64Array): number {
  const largest = difference.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, Math.abs(b)) : a), 0);
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
  return steps.find((s) => s >= largest) ?? 100;
}

function signed(db: number): string {
  return `${db < 0 ? "−" : ""}${Math.abs(db).toFixed(0)}`;
}

function figure(alternative: string, caption: string, png: Uint8Array): string {
  return `<figure>${inlinePng(alternative, png)}<figcaption>${escapeMarkup(caption)}</figcaption></figure>`;
}

function colourBar(kind: "level" | "difference"): string {
  const colours = kind === "level" ? levelMap : differenceMap;
  const rgb = Uint8Array.from({ length: 128 }, (_, i) => i).reduce(
    (bytes, i) => {
      bytes.set(colours(i / 127), 3 * i);
      return bytes;
    },
    new Uint8Array(128 * 3),
  );
  return inlinePng("", encodePng({ width: 128, height: 1, rgb }));
}

function inlinePng(alternative: string, png: Uint8Array): string {
  const data = Buffer.from(png).toString("base64");
  return `<img alt="${escapeMarkup(alternative)}" src="data:image/png;base64,${data}">`;
}

function spectrumFigure(evidence: CaseEvidence): string {
  const { svg, caption } = spectrumChart(evidence);
  return `<div class="pictures"><figure class="wide">${svg}<figcaption>${escapeMarkup(caption)}</figcaption></figure></div>`;
}
