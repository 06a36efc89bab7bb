import { EventEmitter, on } from 'node:events';
import { Injectable } from '@nestjs/common';
import {
  Args,
  Field,
  ID,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { Authenticated, CurrentUser, Groups, Public } from 'nestjs-cognito-auth';

@ObjectType()
export class Recipe {
  @Field(() => ID)
  id: string;

  @Field(() => String)
  title: string;

  @Field(() => String)
  author: string;
}

/** Where recipes are, and who wants to know of new ones. */
@Injectable()
export class Recipes extends EventEmitter {
  readonly all: Recipe[] = [{ id: '1', title: 'Pancakes', author: 'alice' }];

  add(title: string, author: string): Recipe {
    const recipe = { id: String(this.all.length + 1), title, author };
    this.all.push(recipe);
    this.emit('added', recipe);
    return recipe;
  }
}

/** Queries, mutations, fields and subscriptions take the same decorators as routes do. */
@Resolver(() => Recipe)
@Authenticated()
export class RecipesResolver {
  constructor(private readonly store: Recipes) {}

  @Query(() => [Recipe])
  recipes() {
    return this.store.all;
  }

  @Query(() => String)
  @Public()
  motto() {
    return 'Everybody can cook';
  }

  @Mutation(() => Recipe)
  @Groups('cooks')
  addRecipe(
    @Args('title', { type: () => String }) title: string,
    @CurrentUser('username') author: string,
  ) {
    return this.store.add(title, author);
  }

  /** Nest guards fields only with `fieldResolverEnhancers: ['guards']`; without it there is no boot. */
  @ResolveField(() => String, { nullable: true })
  @Groups('cooks')
  secret(@Parent() { title }: Recipe) {
    return `${title} need a pinch of salt`;
  }

  @Subscription(() => Recipe, { resolve: ([recipe]: [Recipe]) => recipe })
  recipeAdded() {
    return on(this.store, 'added');
  }
}
