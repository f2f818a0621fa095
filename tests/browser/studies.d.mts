// Types of studies.mjs for the viewer's tests.
export interface GeneratedModel {
  readonly id: string;
  readonly base?: string;
  readonly parents?: readonly string[];
  readonly operation: { readonly name: string; readonly parameters: Readonly<Record<string, unknown>> };
  readonly created: string;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface GeneratedStudy {
  readonly title: string;
  readonly description: string;
  readonly metrics: readonly object[];
  readonly operations: readonly object[];
  readonly models: readonly GeneratedModel[];
}

export declare function generatedStudy(count: number, how?: { seed?: number }): GeneratedStudy;
