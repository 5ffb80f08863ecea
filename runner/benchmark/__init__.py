"""`stagecast benchmark`: does the optimizer find better prompts than others do, on tasks with exact answers?"""
