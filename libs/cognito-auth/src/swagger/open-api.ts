import type { OpenAPIObject } from '@nestjs/swagger';

// Taken from the one type that every supported version of @nestjs/swagger exports.
type PathItem = OpenAPIObject['paths'][string];
export type Operation = NonNullable<PathItem['get']>;
export type SecurityRequirement = NonNullable<Operation['security']>[number];
export type Responses = Operation['responses'];
export type Response = NonNullable<Responses[string]>;
type Components = NonNullable<OpenAPIObject['components']>;
export type Schema = NonNullable<Components['schemas']>[string];
type SecuritySchemes = NonNullable<Components['securitySchemes']>;
export type SecurityScheme = Exclude<SecuritySchemes[string], { $ref: string }>;
