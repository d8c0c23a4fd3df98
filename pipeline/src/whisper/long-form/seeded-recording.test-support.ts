import { tensor } from "@aiekit/core";
import { openAiFeatures } from "../decoding/openai-fixture.test-support.ts";
import type { MelSource, Segment } from "./sliding-windows.ts";

const frames = 730;

/** Features by the name that the fixtures' scripts give them. */
export function recording(name: string): MelSource {
  const all = openAiFeatures(name, frames);
  const [mels = 0] = all.shape;
  return {
    frames,
    async window(from, count) {
      const cut = tensor("f32", [mels, count]);
      for (let mel = 0; mel < mels; mel++) {
        cut.data.set(
          all.data.subarray(mel * frames + from, mel * frames + Math.min(from + count, frames)),
          mel * count,
        );
      }
      return cut;
    },
  };
}

export async function all(segments: AsyncIterable<Segment>): Promise<Segment[]> {
  const collected: Segment[] = [];
  for await (const segment of segments) collected.push(segment);
  return collected;
}
