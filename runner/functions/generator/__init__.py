"""The functions of pipeline-generator-v1: a task in words becomes a pipeline file that loads. One function a stage."""
