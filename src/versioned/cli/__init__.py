"""The command line. With `versioned.server` the only room that prints or reads the environment.

main.py       the program: its commands, its errors, its exit codes
session.py    one invocation: where the repository is, who acts, how to answer
output.py     the one sink: data to stdout, everything else to stderr
{verb}.py     one command each, as thin as it can be
"""
