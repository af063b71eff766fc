"""Commands that build, deploy, restore and check a stack on AWS."""

import argparse
import os
from pathlib import Path

import operate.deploy
import operate.restore
import operate.smoke
from local.console import say
from operate import stacks
from operate.cloudformation import Formation
from operate.commands.arguments import target_of
from operate.vapi.connection import read_connection
from operate.versions import delete_old_versions


def build(arguments: argparse.Namespace) -> int:
    """Build what `deploy` deploys, and tell its digest to GitHub's workflow if one runs this."""
    digest = operate.deploy.build(arguments.environment, arguments.database_ca)
    outputs = os.environ.get("GITHUB_OUTPUT")
    if outputs:
        with Path(outputs).open("a") as file:
            file.write(f"digest={digest}\n")
    return 0


def deploy(arguments: argparse.Namespace) -> int:
    """Build unless that was done before, deploy, delete old versions of functions, and check the stack."""
    digest = arguments.built or operate.deploy.build(arguments.environment, arguments.database_ca)
    target = target_of(arguments)
    options = operate.deploy.Options(
        asks=not arguments.yes and stacks.asks(arguments.environment),
        overrides={"Gradual": arguments.gradual} if arguments.gradual else {},
        role_arn=os.environ.get("STACK_ROLE_ARN") or None,
    )
    formation = Formation(target.client("cloudformation"))
    operate.deploy.deploy(arguments.environment, digest, formation, options)
    deleted = delete_old_versions(target.client("lambda"), formation.functions(target.stack_name))
    say(f"Deleted {deleted} old versions of functions, with their snapshots")
    return smoke(arguments)


def restore(arguments: argparse.Namespace) -> int:
    """Print the steps that restore the database, and with YES=1 run them."""
    target = target_of(arguments)
    name = stacks.read_configured(stacks.DATABASE, arguments.environment).stack_name
    outputs = Formation(target.client("cloudformation")).outputs(name)
    return operate.restore.restore(
        target.client("rds"), outputs, arguments.environment, arguments.time, runs=arguments.yes
    )


def smoke(arguments: argparse.Namespace) -> int:
    """Check from outside whether the stack works."""
    target = target_of(arguments)
    return operate.smoke.smoke(target, read_connection(target))
