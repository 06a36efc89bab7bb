import type { OpenAPIObject } from '@nestjs/swagger';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../apps/demo/src/demo.js';

describe('The Swagger document of the demo', () => {
  let demo: Demo;
  let document: OpenAPIObject;

  beforeAll(async () => {
    demo = await startDemo({ adapter: 'express', host: '127.0.0.1', port: 0, poolPort: 0 });
    document = (await request(demo.url).get('/docs-json').expect(200)).body as OpenAPIObject;
  });

  afterAll(() => demo.close());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]) =>
        Object.assign(operation, { name: `${method} ${path}` }),
      ),
    );

  it('describes every tag, and names none that no operation has', () => {
    const used = new Set(operations().flatMap(({ tags }) => tags));
    const described = document.tags ?? [];

    expect(described.map(({ name }) => name).toSorted()).toEqual([...used].toSorted());
    expect(described.filter(({ description }) => !description)).toEqual([]);
  });

  it('has a title, a description and a summary of every operation', () => {
    expect(document.info).toMatchObject({
      title: 'nestjs-cognito-auth demo',
      description: expect.stringContaining('**Authorize**') as string,
    });
    expect(operations().filter(({ summary }) => !summary)).toEqual([]);
  });

  it('leaves open what everybody may call, and nothing else', () => {
    const open = operations().filter(({ security }) => security?.length === 0);

    expect(open.map(({ name }) => name).toSorted()).toEqual([
      'get /demo/token/{username}',
      'get /health',
    ]);
  });

  it('offers the sign-in page of the local user pool', () => {
    const { domain } = demo.localPool?.hostedUi ?? {};

    expect(document.components?.securitySchemes?.['cognito-hosted-ui']).toMatchObject({
      flows: { authorizationCode: { authorizationUrl: `${domain}/oauth2/authorize` } },
    });
  });
});

interface Operation {
  readonly summary?: string;
  readonly tags: string[];
  readonly security?: object[];
}
