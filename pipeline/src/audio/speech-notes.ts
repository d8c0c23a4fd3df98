import type { AudioFormat } from "./audio-stream.ts";

export const speechRateHz = 16_000;

/** What is converted on the way to 16 kHz mono. */
export function conversionNotes({ container, sampleRateHz, channelCount }: AudioFormat): readonly string[] {
  const notes: string[] = [];
  if (container !== "WAV" && container !== "raw PCM") notes.push(`decoded from ${container}`);
  if (channelCount > 1) notes.push(`${channelWord(channelCount)}: averaged to mono`);
  if (sampleRateHz !== speechRateHz) notes.push(`${sampleRateHz / 1000} kHz: resampled to ${speechRateHz / 1000} kHz`);
  if (sampleRateHz < speechRateHz) notes.push(`nothing above ${sampleRateHz / 2000} kHz in the recording`);
  return notes;
}

/** Said where samples are rounded to 16 bits. */
export function widthNotes({ bits, sampleFormat }: Pick<AudioFormat, "bits" | "sampleFormat">): readonly string[] {
  if (sampleFormat === "lossy" || bits === undefined || (bits === 16 && sampleFormat === "int")) return [];
  return [`${bits}-bit ${sampleFormat}: converted to 16-bit`];
}

export function clippedNote(clipped: number): readonly string[] {
  return clipped === 0 ? [] : [`${clipped} sample(s) clipped at full scale`];
}

/** Sums up the power of the channels and of their mean as blocks go by. */
interface SoundLevels {
  readonly add: (channels: readonly Float32Array[], mono: Float32Array) => void;
  readonly notes: (seconds: number) => readonly string[];
}

export function soundLevels(channelCount: number): SoundLevels {
  const energies = new Float64Array(channelCount);
  let monoEnergy = 0;
  return {
    add: (channels, mono) => {
      for (const [c, channel] of channels.entries()) energies[c]! += energy(channel);
      monoEnergy += energy(mono);
    },
    notes: (seconds) => {
      const loudest = energies.reduce((most, value) => Math.max(most, value), 0);
      if (loudest === 0) return [`silent: all ${seconds.toFixed(2)} s are zero`];
      // Less than 1/1000 of a channel's power is left: the channels are each other's opposite.
      if (monoEnergy < loudest / 1000) return ["the channels cancel one another in the mono mix: check the wiring"];
      return [];
    },
  };
}

const containerOf: Readonly<Record<string, RegExp>> = {
  wav: /^(WAV|raw PCM)/,
  flac: /FLAC/,
  mp3: /^MP3/,
  ogg: /^Ogg/,
  opus: /^Ogg Opus/,
  m4a: /^MP4/,
  mp4: /^MP4/,
  webm: /^WebM/,
  aiff: /^AIFF/,
};

/** Said where a file's extension speaks of another container than its content. */
export function extensionNote(name: string, container: string): readonly string[] {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const expected = Object.hasOwn(containerOf, extension) ? containerOf[extension] : undefined;
  if (expected === undefined || expected.test(container)) return [];
  return [`the name says .${extension}, the content is ${container}: read as that`];
}

function energy(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return sum;
}

function channelWord(count: number): string {
  return count === 2 ? "stereo" : `${count} channels`;
}
