import { type Command, Option } from "commander";
import type { TranscribeCommandOptions } from "./commands/transcribe.ts";
import { parseCount, parseCountUpTo, parsePositive } from "./options.ts";
import {
  parseFormats,
  parseOverlap,
  parsePcm,
  parseProbability,
  parseSeed,
  parseShortWindows,
  parseTemperatures,
  parseThreshold,
  parseTokens,
} from "./transcribe/option-values.ts";

/** A parsed command line of `aiekit transcribe`. */
export interface TranscribeInvocation {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly command: "transcribe";
  readonly options: TranscribeCommandOptions;
}

export function addTranscribeCommand(program: Command, invoke: (invocation: TranscribeInvocation) => void): void {
  const command = program
    .command("transcribe")
    .argument("<recordings...>", "recordings, folders of them, or - for stdin")
    .description("speech to text with a Whisper model: WAV, FLAC, MP3, Ogg, and what an installed ffmpeg reads")
    .option("--model <name>", "a model's name or folder (see: aiekit models); the demo model when left out")
    .addOption(placeOption("--device", "what runs the model (default: auto, which says what it chose)"))
    .addOption(placeOption("--encoder", "what runs the encoder, where it is not --device"))
    .addOption(placeOption("--decoder", "what runs the decoder, where it is not --device"))
    .addOption(
      new Option("--fallback <device>", "go on with this one after a fault of a device, and say so").choices([
        "cpu",
        "reference",
      ]),
    )
    .option("--threads <count>", "threads of cpu", parseCountUpTo(256))
    .addOption(
      new Option("--precision <type>", "cpu: f32 or int8; sim, xrt: bf16 or int8").choices(["f32", "bf16", "int8"]),
    )
    .option(
      "--exported [suffix]",
      "cpu: the model's ONNX export, in its folder or onnx/; --exported=_quantized for such files",
    )
    .addOption(new Option("--npu <array>", "array that sim stands for (default: npu1)").choices(["npu1", "npu2"]))
    .option("--pcm <form>", "recordings have no header: ENCODING:RATE:CHANNELS, s16le:16000:1", parsePcm);
  addDecoding(command);
  addOutput(command);
  command
    .addHelpText("after", `\n${notes}\n\nExamples:\n${examples}`)
    .action((recordings: readonly string[], o: TranscribeRawOptions) => {
      const { json, verbose, ...options } = o;
      const flags = { json: json === true, verbose: verbose === true };
      invoke({ command: "transcribe", ...flags, options: { ...options, recordings } });
    });
}

function addDecoding(command: Command): void {
  command
    .option("--language <name>", "German or de; detected when left out")
    .addOption(new Option("--task <task>", "write down, or translate to English").choices(["transcribe", "translate"]))
    .option("--prompt <text>", "text that the first window is told of: names, spelling, style")
    .option("--carry-prompt", "tell every window of the prompt")
    .option("--clips <list>", "seconds between which is transcribed: begin,end,begin,end", parseTemperatures)
    .option(
      "--chunked [seconds]",
      "windows that overlap, each by itself; at each end so much is the neighbour's too (default: a sixth)",
      parseOverlap,
    )
    .option(
      "--short-windows [list]",
      "run what is shorter than a window in the smallest of these that holds it: seconds, or auto",
      parseShortWindows,
    )
    .option("--vad", "do not decode what is before speech, found by energy and spectrum, nor windows without")
    .option("--word-timestamps", "words with their times, in json and verbose-json, and for the layout of subtitles")
    .option("--hallucination-silence <seconds>", "with words: leave out doubtful text amid more silence", parsePositive)
    .option("--no-timestamps", "let the model tell no times: a window is one segment")
    .option("--no-condition", "tell a window nothing of the text before it")
    .option("--temperature <list>", "tried in turn (default: 0,0.2,0.4,0.6,0.8,1)", parseTemperatures)
    .option("--best-of <count>", "sequences sampled above temperature 0 (default: 5)", parseCountUpTo(100))
    .option("--beam <count>", "beams at temperature 0; greedy when left out", parseCountUpTo(100))
    .option("--patience <number>", "beam search: go on until beams x patience sequences have ended", parsePositive)
    .option("--length-penalty <number>", "rank sequences by ((5 + length) / 6)^NUMBER", parsePositive)
    .option("--top-k <count>", "sample among so many likeliest tokens", parseCount)
    .option("--top-p <probability>", "sample among the likeliest tokens that reach this together", parseProbability)
    .option("--seed <number>", "of what is sampled (default: 0)", parseSeed)
    .option("--suppress-tokens <ids>", "never these tokens, in place of the model's list; or none", parseTokens)
    .option("--forbid-repeats <count>", "no sequence of so many tokens twice in a window", parseCount)
    .option("--max-tokens <count>", "of a window; the model's own limit when left out", parseCount)
    .option(
      "--compression-ratio-threshold <number>",
      "text that repeats itself more is doubtful (default: 2.4)",
      parseThreshold,
    )
    .option("--log-prob-threshold <number>", "text less likely than this is doubtful (default: -1)", parseThreshold)
    .option(
      "--silence-threshold <number>",
      "above this <|nospeech|>, doubtful text is silence (default: 0.6)",
      parseThreshold,
    );
}

function addOutput(command: Command): void {
  command
    .option("--out <folder>", "write results there; a re-run leaves out what is finished")
    .option("--format <list>", "txt, srt, vtt, tsv, json, verbose-json, or all (default: txt)", parseFormats)
    .option("--overwrite", "transcribe again what is finished")
    .option("--highlight-words", "srt, vtt: each word underlined while it is said")
    .option("--max-line-width <count>", "srt, vtt, with words: characters of a line", parseCount)
    .option("--max-line-count <count>", "srt, vtt, with words: lines of a subtitle", parseCount)
    .option("--max-words-per-line <count>", "srt, vtt, with words: words of a subtitle", parseCount)
    .option("--dump-features <file>", "one recording: log-mel features, .npy f32[windows, mels, frames]")
    .option("--dump-encoder <file>", "one recording: encoder output, .npy f32[windows, positions, width]")
    .option("--dump-tokens <file>", "one recording: tokens and probabilities by window, JSON")
    .option("--explain", "print what ran where: windows, tokens, launches by kernel, modelled time")
    .option("--verbose", "print causes and phases")
    .option("--json", "print one JSON value a line on stdout: one a recording, a summary at the end");
}

function placeOption(name: string, description: string): Option {
  return new Option(`${name} <device>`, description).choices(["reference", "cpu", "sim", "xrt", "auto"]);
}

/** Every option of `transcribe`, as commander stores it. */
interface TranscribeRawOptions extends Omit<TranscribeCommandOptions, "recordings"> {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const notes = `The text goes to stdout, what is said about it to stderr. Devices: reference is plain TypeScript, slow; cpu is onnxruntime;
sim is the simulated NPU; xrt an NPU. A recording that fails stops no other: the last lines list it, and the exit code is that
of the first that failed.`;

const examples = `  aiekit transcribe speech.wav
  aiekit transcribe recordings/ talk.flac --out texts/ --format srt,json
  aiekit transcribe speech.wav --model base --language German --beam 5
  aiekit transcribe speech.wav --encoder sim --decoder cpu --explain
  aiekit transcribe - --pcm s16le:48000:2 --json
  aiekit transcribe speech.wav --dump-features f.npy --dump-encoder e.npy --dump-tokens t.json`;
