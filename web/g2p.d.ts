export type Alphabet = "" | "arpabet" | "ipa" | "xsampa" | "espeak" | "kokoro";

export interface Pronunciation {
  phonemes: string[];
  probability: number;
}

export interface Answer {
  word: string;
  /** Best first; never empty. */
  pronunciations: Pronunciation[];
  /** Characters that the model does not know: left out, or read without an accent. */
  unknown: string[];
  /** Which the word names or is guessed to be of; only of models that know several languages. */
  language?: string;
}

export interface Options {
  /** How many pronunciations, 1 to 1000; default 1. */
  nbest?: number;
  /** Width of beam search; 0: that of the model. */
  beam?: number;
  /** Of the nbest only so many as have this probability together; default 1. */
  mass?: number;
  /** Of the phonemes; "": as the model has learned them. */
  alphabet?: Alphabet;
  /**
   * Of words that do not name theirs, as deu:Haus does: one of G2P.languages, its ISO 639 code or its name
   * in English, or "auto": it is guessed from the letters. Only of models that know several languages.
   */
  language?: string;
  /** Whether answers have stress; default: as the model has it, and in another alphabet. */
  stress?: boolean;
}

/** How the model sees a pronunciation of a word. */
export interface Inspection {
  letters: string[];
  phonemes: string[];
  /** Of each phoneme, and of the end, after those before it. */
  probabilities: number[];
  /** Attention to each letter: a row for each phoneme, and for the end. */
  weights: number[][];
  /** Start and end of the letters of each phoneme. */
  spans: [number, number][];
  /** The letters of each phoneme. */
  spelled: string[];
}

/** A file that is no model, is damaged, or is of another version. */
export class ModelError extends Error {}

export class G2P {
  private constructor();
  /** The alphabet that the model has learned. */
  readonly alphabet: Alphabet;
  /** The alphabets that answers can be written in. */
  readonly alphabets: Alphabet[];
  /** The languages that the model has learned by name; none where it has learned one. */
  readonly languages: string[];
  /** Whether the model has learned stress. */
  readonly hasStress: boolean;
  readonly config: Record<string, unknown>;
  /** The most probable pronunciation, phonemes joined by spaces. */
  transcribe(word: string, alphabet?: Alphabet): string;
  /** One answer for each word, in order. */
  pronounce(words: string[], options?: Options): Answer[];
  /** phonemes: in the model's alphabet; default: those of its best answer. */
  inspect(word: string, phonemes?: string[], options?: { stress?: boolean; language?: string }): Inspection;
}

/** The model of a file that g2p_jax wrote; rejects with a ModelError. */
export function load(
  source: ArrayBuffer | Uint8Array | { arrayBuffer(): Promise<ArrayBuffer> },
  options?: { plain?: boolean },
): Promise<G2P>;

/** ARPAbet in another alphabet, an item for each phoneme. */
export function convert(phonemes: string[], alphabet: Alphabet, stress?: boolean): string[];

export const ALPHABETS: Alphabet[];
