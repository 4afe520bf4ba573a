"""What Kitbash does with its experience between questions: three cycles, each a pure decision with little around it."""
