import { nearestNames, UsageError } from "@aiekit/core";

/**
 * Languages of Whisper by their codes in its tokens: the English name first, then other names and codes in use. Codes are
 * those of ISO 639-1, of ISO 639-3 where there is none, and `jw` for Javanese as in the published tokenizers.
 * Source: openai/whisper, tokenizer.py, for codes and names; ISO 639 for other codes.
 */
export const languages: Readonly<Record<string, readonly [name: string, ...others: string[]]>> = {
  ...{ af: ["Afrikaans"], am: ["Amharic"], ar: ["Arabic"], as: ["Assamese"], az: ["Azerbaijani", "Azeri"] },
  ...{ ba: ["Bashkir"], be: ["Belarusian"], bg: ["Bulgarian"], bn: ["Bengali", "Bangla"], bo: ["Tibetan"] },
  ...{ br: ["Breton"], bs: ["Bosnian"], ca: ["Catalan", "Valencian"], cs: ["Czech"], cy: ["Welsh"] },
  ...{ da: ["Danish"], de: ["German"], el: ["Greek"], en: ["English"], es: ["Spanish", "Castilian"] },
  ...{ et: ["Estonian"], eu: ["Basque"], fa: ["Persian", "Farsi"], fi: ["Finnish"], fo: ["Faroese"] },
  ...{ fr: ["French"], gl: ["Galician"], gu: ["Gujarati"], ha: ["Hausa"], haw: ["Hawaiian"] },
  ...{ he: ["Hebrew", "iw"], hi: ["Hindi"], hr: ["Croatian"], ht: ["Haitian Creole", "Haitian"], hu: ["Hungarian"] },
  ...{ hy: ["Armenian"], id: ["Indonesian", "in"], is: ["Icelandic"], it: ["Italian"], ja: ["Japanese"] },
  ...{ jw: ["Javanese", "jv"], ka: ["Georgian"], kk: ["Kazakh"], km: ["Khmer", "Cambodian"], kn: ["Kannada"] },
  ...{ ko: ["Korean"], la: ["Latin"], lb: ["Luxembourgish", "Letzeburgesch"], ln: ["Lingala"], lo: ["Lao"] },
  ...{ lt: ["Lithuanian"], lv: ["Latvian"], mg: ["Malagasy"], mi: ["Maori"], mk: ["Macedonian"] },
  ...{ ml: ["Malayalam"], mn: ["Mongolian"], mr: ["Marathi"], ms: ["Malay"], mt: ["Maltese"] },
  ...{ my: ["Myanmar", "Burmese"], ne: ["Nepali"], nl: ["Dutch", "Flemish"], nn: ["Nynorsk"] },
  ...{ no: ["Norwegian", "Bokmål", "nb"], oc: ["Occitan"], pa: ["Punjabi", "Panjabi"], pl: ["Polish"] },
  ...{ ps: ["Pashto", "Pushto"], pt: ["Portuguese"], ro: ["Romanian", "Moldavian", "Moldovan"], ru: ["Russian"] },
  ...{ sa: ["Sanskrit"], sd: ["Sindhi"], si: ["Sinhala", "Sinhalese"], sk: ["Slovak"], sl: ["Slovenian", "Slovene"] },
  ...{ sn: ["Shona"], so: ["Somali"], sq: ["Albanian"], sr: ["Serbian"], su: ["Sundanese"], sv: ["Swedish"] },
  ...{ sw: ["Swahili"], ta: ["Tamil"], te: ["Telugu"], tg: ["Tajik"], th: ["Thai"], tk: ["Turkmen"] },
  ...{ tl: ["Tagalog", "Filipino", "fil"], tr: ["Turkish"], tt: ["Tatar"], uk: ["Ukrainian"], ur: ["Urdu"] },
  ...{ uz: ["Uzbek"], vi: ["Vietnamese"], yi: ["Yiddish", "ji"], yo: ["Yoruba"], yue: ["Cantonese"] },
  zh: ["Chinese", "Mandarin", "cmn"],
};

/**
 * The code of a language by its code or a name of it, whatever the case. `known`: codes of the model's languages.
 * @throws UsageError with the nearest names for what is no language, and for one that is not among `known`.
 */
export function languageCode(nameOrCode: string, known: Iterable<string> = Object.keys(languages)): string {
  const codes = new Set(known);
  const wanted = nameOrCode.trim().toLowerCase();
  if (codes.has(wanted)) return wanted;
  const code = codeByName.get(wanted);
  if (code !== undefined && codes.has(code)) return code;
  if (code !== undefined) {
    throw new UsageError(`language ${nameOrCode}: the model does not know ${languageName(code)}, ${code}`, {
      hint: `it knows ${[...codes].join(", ")}`,
    });
  }
  const near = nearestNames(
    wanted,
    [...codeByName].flatMap(([name, of]) => (codes.has(of) ? [name] : [])),
  );
  throw new UsageError(`language ${JSON.stringify(nameOrCode)}: expected a name or a code, as German or de`, {
    hint: near.length > 0 ? `did you mean ${near.join(" or ")}?` : `the model knows ${[...codes].join(", ")}`,
  });
}

/** The English name of a language; the code itself where it is none of Whisper's. */
export function languageName(code: string): string {
  return languages[code]?.[0] ?? code;
}

const codeByName: ReadonlyMap<string, string> = new Map(
  Object.entries(languages).flatMap(([code, names]) =>
    [code, ...names].map((name): [string, string] => [name.toLowerCase(), code]),
  ),
);
